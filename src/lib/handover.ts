import type { Queue } from './bounded-queue.ts'

/** Takes the items of a stream as they are pushed. */
export type Receiver<Item> = Readonly<{
  /** Takes the next item. Returns false if the next one has to wait until `resume` is called. */
  take(item: Item): boolean
  /** An item is queued until the receiver is ready. */
  announce?(item: Item): void
}>

/**
 * Hands items to a receiver without a promise for each. Items that come while it is busy wait in the queue, in order.
 *
 *     busy ── resume() ───────────────▶ ready ── `take` returns false ──▶ busy
 *      ├───── end() ──────────────────▶ over
 *      └───── finish(), queue is empty ▶ over, as soon as the receiver is ready
 */
export class Handover<Item> {
  /** Resolves when nothing is handed over any more. */
  readonly over: Promise<void>
  readonly #receiver: Receiver<Item>
  readonly #queue: Queue<Item>
  readonly #resolveOver: () => void
  #state: 'busy' | 'ready' | 'over' = 'busy'
  #isFinishing = false

  constructor(receiver: Receiver<Item>, queue: Queue<Item>) {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.over = promise
    this.#resolveOver = resolve
    this.#receiver = receiver
    this.#queue = queue
  }

  /** Hands the item over, or queues it. Returns false if it does not fit the queue. */
  push(item: Item): boolean {
    if (this.#state === 'ready') this.#hand(item)
    else if (this.#queue.push(item)) this.#receiver.announce?.(item)
    else return false
    return true
  }

  /** The receiver is ready for the next item: hands over what is queued. Not to be called while it takes an item. */
  resume(): void {
    this.#enter('ready')
    while (this.#state === 'ready' && this.#queue.length > 0) this.#hand(this.#queue.shift() as Item)
  }

  /** Ends when the receiver has taken what is queued, and is ready again. */
  finish(): void {
    this.#isFinishing = true
    this.#enter(this.#state)
  }

  /** Ends at once. */
  end(): void {
    this.#enter('over')
  }

  /** The receiver may call `finish` or `end` while it takes the item. */
  #hand(item: Item): void {
    this.#state = 'busy'
    if (this.#receiver.take(item)) this.#enter('ready')
  }

  #enter(state: 'busy' | 'ready' | 'over'): void {
    if (this.#state === 'over') return
    const isDone = state === 'ready' && this.#isFinishing && this.#queue.length === 0
    this.#state = isDone ? 'over' : state
    if (this.#state === 'over') this.#resolveOver()
  }
}
