/** What a queue may hold; whichever bound is met first counts. */
export type QueueBounds = Readonly<{ maxItems: number; maxBytes: number }>

/** One thing in the queue. */
export type QueueItem<Value> = Readonly<{
  value: Value
  /** About what it keeps in memory. */
  bytes: number
  /**
   * `durable` may not be left out. `droppable` may, when room is short. `newest` may be replaced by a later item
   * of the same key, and is, when room is short.
   */
  keep: 'durable' | 'droppable' | Readonly<{ newest: string }>
}>

/**
 * A first-in-first-out queue that never grows beyond its bounds. When room is short it first lets go of what may
 * be lost, then folds items of one key into the newest of them; when even that is not enough, `push` answers
 * false and the queue stays as it was: what to do then is the owner's business.
 *
 * It is an array with a moving head: taking an item out moves the head, and the array is cut when more than half of it
 * lies before the head, so that each item is moved once on average. What was taken is held on to until then, so the
 * queue keeps in memory up to twice what its bounds say. Making room looks at every item: at worst with each push, where
 * nothing but the newest of each key is left.
 */
export class BoundedQueue<Value> {
  readonly #bounds: QueueBounds
  #items: QueueItem<Value>[] = []
  #head = 0
  #bytes = 0

  constructor(bounds: QueueBounds) {
    this.#bounds = bounds
  }

  get length(): number {
    return this.#items.length - this.#head
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Whether the item is in; a droppable one counts as in when it was let go. */
  push(item: QueueItem<Value>): boolean {
    if (!this.#fits(item) && !this.#makeRoom(item)) return item.keep === 'droppable'
    this.#items.push(item)
    this.#bytes += item.bytes
    return true
  }

  shift(): Value | undefined {
    const item = this.#items[this.#head]
    if (item === undefined) return undefined
    this.#head += 1
    this.#bytes -= item.bytes
    if (this.#head * 2 > this.#items.length) this.#compact()
    return item.value
  }

  clear(): void {
    this.#replace([], 0)
  }

  #fits(item: QueueItem<Value>, length = this.length, bytes = this.#bytes): boolean {
    return length < this.#bounds.maxItems && bytes + item.bytes <= this.#bounds.maxBytes
  }

  /** Lets go of what may be lost, and folds. Whether there is room then; nothing is given up for an item that would not fit even so. */
  #makeRoom(incoming: QueueItem<Value>): boolean {
    const durable = this.#items.slice(this.#head).filter((item) => item.keep !== 'droppable')
    const kept = newestOfEachKey(durable, incoming)
    const bytes = kept.reduce((sum, item) => sum + item.bytes, 0)
    const hasRoom = this.#fits(incoming, kept.length, bytes)
    if (hasRoom) this.#replace(kept, bytes)
    return hasRoom
  }

  #replace(items: QueueItem<Value>[], bytes: number): void {
    this.#items = items
    this.#head = 0
    this.#bytes = bytes
  }

  #compact(): void {
    this.#items = this.#items.slice(this.#head)
    this.#head = 0
  }
}

/** Leaves out each item that a later one, or the incoming one, makes superfluous. */
function newestOfEachKey<Value>(items: QueueItem<Value>[], incoming: QueueItem<Value>): QueueItem<Value>[] {
  const seen = new Set<string>(typeof incoming.keep === 'object' ? [incoming.keep.newest] : [])
  const isSuperseded = ({ keep }: QueueItem<Value>): boolean => {
    if (typeof keep === 'string') return false
    const known = seen.has(keep.newest)
    seen.add(keep.newest)
    return known
  }
  return items
    .toReversed()
    .filter((item) => !isSuperseded(item))
    .toReversed()
}
