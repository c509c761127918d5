/**
 * Consistent hashing with virtual nodes (Karger et al., 1997): a key belongs to the first point at or after
 * its hash on a ring on which every node has many points. When a node goes, only its keys move, and they
 * spread over all the others.
 */
export type HashRing<Node> = Readonly<{
  /** The node that a key belongs to; the same for the same nodes, in whatever process. */
  nodeFor(key: string): Node
}>

/** 128 points keep the largest share within about a quarter of the mean. */
const POINTS_PER_NODE = 128

/**
 * A ring over `nodes`, of which there must be at least one. `name` tells them apart and decides where their
 * points lie; it has to be unique and stable.
 */
export function createHashRing<Node>(nodes: readonly Node[], name: (node: Node) => string): HashRing<Node> {
  if (nodes.length === 0) throw new RangeError('A hash ring needs at least one node')
  // By name first and then by position: points of two nodes may coincide, and the order of `nodes` must not matter.
  const points = nodes
    .toSorted((a, b) => (name(a) < name(b) ? -1 : 1))
    .flatMap((node) => pointsOf(name(node)).map((position) => ({ position, node })))
    .toSorted((a, b) => a.position - b.position)
  return { nodeFor: (key) => firstAtOrAfter(points, hash(key)).node }
}

function pointsOf(name: string): number[] {
  return Array.from({ length: POINTS_PER_NODE }, (_, index) => hash(`${name}#${index}`))
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

/** FNV-1a over UTF-16 units, finished by MurmurHash3's mixer, because FNV alone leaves similar keys close together. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  }
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35)
  return (value ^ (value >>> 16)) >>> 0
}
