/** A first-in-first-out queue with a bound. `PushStream` keeps undelivered items in one. */
export type Queue<Item> = Readonly<{
  readonly length: number
  /** Adds an item. Returns false, and changes nothing, if the item must not be lost and there is no room for it. */
  push(item: Item): boolean
  /** Removes and returns the oldest item; undefined if the queue is empty. */
  shift(): Item | undefined
  clear(): void
}>

/** The limits of a queue. An item has to fit both. */
export type QueueBounds = Readonly<{ maxItems: number; maxBytes: number }>

/** The cost of an item, and whether it may be dropped. */
export type QueueCost = Readonly<{
  /** Approximate memory that the item keeps alive. */
  bytes: number
  /**
   * Says whether the item may be dropped if room is short. `durable`: it stays. `droppable`: it may be dropped.
   * `newest`: it may be dropped if a later item has the same key.
   */
  keep: 'durable' | 'droppable' | Readonly<{ newest: string }>
}>

type Entry<Item> = QueueCost & Readonly<{ item: Item }>

/**
 * A queue bounded by items and bytes. If a new item does not fit, the queue makes room: it drops every droppable item,
 * then all but the newest item of each key. If that is not enough, the new item is rejected and nothing is dropped.
 *
 * The queue is an array with a moving head. It is compacted when the head passes the middle, so each item moves once
 * on average. Removed items stay referenced until then, so memory can reach twice the bounds. Making room takes time
 * linear in the length, on every push in the worst case (a full queue that holds only the newest item of each key).
 */
export class BoundedQueue<Item> implements Queue<Item> {
  readonly #bounds: QueueBounds
  readonly #costOf: (item: Item) => QueueCost
  #entries: Entry<Item>[] = []
  #head = 0
  #bytes = 0

  constructor(bounds: QueueBounds, costOf: (item: Item) => QueueCost) {
    this.#bounds = bounds
    this.#costOf = costOf
  }

  get length(): number {
    return this.#entries.length - this.#head
  }

  get bytes(): number {
    return this.#bytes
  }

  /** As `Queue.push`. Returns true for a droppable item even if it was dropped at once. */
  push(item: Item): boolean {
    const { bytes, keep } = this.#costOf(item)
    const entry: Entry<Item> = { item, bytes, keep }
    if (!this.#fits(entry) && !this.#makeRoom(entry)) return keep === 'droppable'
    this.#entries.push(entry)
    this.#bytes += bytes
    return true
  }

  shift(): Item | undefined {
    const entry = this.#entries[this.#head]
    if (entry === undefined) return undefined
    this.#head += 1
    this.#bytes -= entry.bytes
    if (this.#head * 2 > this.#entries.length) this.#compact()
    return entry.item
  }

  clear(): void {
    this.#replace([], 0)
  }

  #fits(entry: Entry<Item>, length = this.length, bytes = this.#bytes): boolean {
    return length < this.#bounds.maxItems && bytes + entry.bytes <= this.#bounds.maxBytes
  }

  /** Drops what may be dropped, if that makes enough room. Returns whether there is room now. */
  #makeRoom(incoming: Entry<Item>): boolean {
    const undroppable = this.#entries.slice(this.#head).filter((entry) => entry.keep !== 'droppable')
    const kept = newestOfEachKey(undroppable, incoming)
    const bytes = kept.reduce((sum, entry) => sum + entry.bytes, 0)
    const hasRoom = this.#fits(incoming, kept.length, bytes)
    if (hasRoom) this.#replace(kept, bytes)
    return hasRoom
  }

  #replace(entries: Entry<Item>[], bytes: number): void {
    this.#entries = entries
    this.#head = 0
    this.#bytes = bytes
  }

  #compact(): void {
    this.#entries = this.#entries.slice(this.#head)
    this.#head = 0
  }
}

/** Leaves out each entry that a later one, or the incoming one, replaces. */
function newestOfEachKey<Item>(entries: Entry<Item>[], incoming: Entry<Item>): Entry<Item>[] {
  const seen = new Set<string>(typeof incoming.keep === 'object' ? [incoming.keep.newest] : [])
  const isReplaced = ({ keep }: Entry<Item>): boolean => {
    if (typeof keep === 'string') return false
    const isKnown = seen.has(keep.newest)
    seen.add(keep.newest)
    return isKnown
  }
  return entries
    .toReversed()
    .filter((entry) => !isReplaced(entry))
    .toReversed()
}

/**
 * A queue that keeps only the newest item of each key, and so never holds more items than there are keys. A new item
 * goes to the end, even if it replaces an older one. It never rejects an item.
 */
export class NewestByKeyQueue<Item> implements Queue<Item> {
  readonly #keyOf: (item: Item) => unknown
  readonly #items = new Map<unknown, Item>()

  constructor(keyOf: (item: Item) => unknown) {
    this.#keyOf = keyOf
  }

  get length(): number {
    return this.#items.size
  }

  push(item: Item): true {
    const key = this.#keyOf(item)
    this.#items.delete(key)
    this.#items.set(key, item)
    return true
  }

  shift(): Item | undefined {
    for (const [key, item] of this.#items) {
      this.#items.delete(key)
      return item
    }
    return undefined
  }

  clear(): void {
    this.#items.clear()
  }
}
