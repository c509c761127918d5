/**
 * Consistent hashing with virtual nodes (Karger et al., 1997). Every node has many points on a ring, and a key belongs
 * to the first point at or after its hash. If a node is removed, only its keys move, and they spread over all others.
 */
export type HashRing<Node> = Readonly<{
  /** The node of a key. Every process that knows the same nodes returns the same one. */
  nodeFor(key: string): Node
}>

/** 128 points keep the largest share within about a quarter of the mean. */
const POINTS_PER_NODE = 128

/** A ring over `nodes`. The unique, stable `name` of a node decides where its points lie. Throws if there are none. */
export function createHashRing<Node>(nodes: readonly Node[], name: (node: Node) => string): HashRing<Node> {
  if (nodes.length === 0) throw new RangeError('A hash ring needs at least one node')
  // Points of two nodes may coincide. Sorted by name before by position, the order of `nodes` does not matter.
  const points = nodes
    .toSorted((a, b) => (name(a) < name(b) ? -1 : 1))
    .flatMap((node) => pointsOf(name(node)).map((position) => ({ position, node })))
    .toSorted((a, b) => a.position - b.position)
  return { nodeFor: (key) => firstAtOrAfter(points, ringHash(key)).node }
}

function pointsOf(name: string): number[] {
  return Array.from({ length: POINTS_PER_NODE }, (_, index) => ringHash(`${name}#${index}`))
}

function firstAtOrAfter<Point extends { position: number }>(
  points: readonly Point[],
  position: number,
): Point {
  let low = 0
  let high = points.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((points[middle]?.position ?? Infinity) < position) low = middle + 1
    else high = middle
  }
  const point = points[low] ?? points[0]
  if (point === undefined) throw new RangeError('A hash ring needs at least one node')
  return point
}

/** FNV-1a over UTF-16 units: 32 bits, the same in every process. It spreads keys and is no cryptographic hash. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  return hash >>> 0
}

/** FNV-1a alone leaves similar keys close together on the ring, so MurmurHash3's finaliser mixes its bits. */
function ringHash(text: string): number {
  let value = fnv1a(text)
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35)
  return (value ^ (value >>> 16)) >>> 0
}
