import { approximateBytes } from '../events/chat-event.ts'
import { unavailable } from '../errors.ts'
import type { LiveItem } from '../events/signal.ts'
import { BoundedQueue, type QueueItem } from '../lib/bounded-queue.ts'
import type { InboxItem } from './inbox-item.ts'

/** What one stream may keep in memory while its reader is busy. */
export const QUEUE_BOUNDS = { maxItems: 2_000, maxBytes: 2 * 1024 * 1024 }

/** What a stream's phases see of it. */
export type Feeding = Readonly<{
  /** The live items that were pushed, from the first on, waiting where there is none; ends with the stream. */
  live(): AsyncGenerator<LiveItem, void, void>
  /** Whether anything was pushed that nobody read yet. */
  hasQueued(): boolean
  /** Fires when the reader is gone. */
  signal: AbortSignal
}>

type Options = Readonly<{
  /** What the stream delivers, phase by phase. Runs when the reader first asks; whatever it throws ends the stream. */
  phases(feeding: Feeding): AsyncGenerator<InboxItem, void, void>
  /** Called once, at the latest when the reader is gone. */
  release(): void
  /** Called when an item has been flushed to the reader, which is when the reader asks for the next. */
  onFlushed?: (item: InboxItem) => void
  /** The reader is too slow for what is pushed: cut it off, so that it comes back and catches up. */
  onOverflow(): void
}>

/**
 * A stream that is pushed into on one side and pulled from on the other, with a bounded queue in between. It is an
 * iterator by hand, not an async generator, because a generator's `return` waits for the `next` under way, which for
 * a quiet stream is for ever.
 */
export class LiveStream implements AsyncIterableIterator<InboxItem, undefined, undefined> {
  readonly #options: Options
  readonly #queue = new BoundedQueue<LiveItem>(QUEUE_BOUNDS)
  readonly #ended = new AbortController()
  readonly #items: AsyncGenerator<InboxItem, void, void>
  #wake: (() => void) | undefined
  #lastItem: InboxItem | undefined
  #hasOverflowed = false

  constructor(options: Options) {
    this.#options = options
    this.#items = options.phases({
      live: () => this.#live(),
      hasQueued: () => this.#queue.length > 0,
      signal: this.#ended.signal,
    })
  }

  /** Queues a live item. When it no longer fits, the stream is over: a hole would be worse. */
  push(item: LiveItem): void {
    if (this.#isOver() || this.#hasOverflowed) return
    this.#hasOverflowed = !this.#queue.push(queueItem(item))
    if (this.#hasOverflowed) this.#overflow()
    this.#wake?.()
  }

  /** The stream has missed something: it is over as if its reader were too slow. */
  startOver(): void {
    if (this.#isOver() || this.#hasOverflowed) return
    this.#hasOverflowed = true
    this.#overflow()
    this.#wake?.()
  }

  async next(): Promise<IteratorResult<InboxItem, undefined>> {
    if (this.#isOver()) return this.return()
    if (this.#lastItem !== undefined) this.#options.onFlushed?.(this.#lastItem)
    this.#lastItem = undefined
    try {
      const { done, value } = await this.#items.next()
      if (this.#hasOverflowed) throw tooSlow()
      if (done === true || this.#isOver()) return await this.return()
      this.#lastItem = value
      return { done: false, value }
    } catch (error) {
      const isGone = this.#isOver()
      const end = await this.return()
      if (isGone) return end
      throw error
    }
  }

  return(): Promise<IteratorReturnResult<undefined>> {
    if (!this.#isOver()) this.#end()
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  #isOver(): boolean {
    return this.#ended.signal.aborted
  }

  #end(): void {
    this.#ended.abort()
    this.#queue.clear()
    this.#options.release()
    this.#wake?.()
  }

  #overflow(): void {
    this.#queue.clear()
    this.#options.onOverflow()
  }

  async *#live(): AsyncGenerator<LiveItem, void, void> {
    while (!this.#isOver()) {
      if (this.#hasOverflowed) throw tooSlow()
      const item = this.#queue.shift()
      if (item === undefined) await this.#pushed()
      else yield item
    }
  }

  async #pushed(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wake = resolve
    await promise
    this.#wake = undefined
  }
}

function tooSlow(): Error {
  return unavailable('Too slow to keep up. Subscribe again to catch up.')
}

function queueItem(item: LiveItem): QueueItem<LiveItem> {
  switch (item.type) {
    case 'ReceiptAdvanced':
      return { value: item, bytes: 200, keep: { newest: `${item.chatId} ${item.userId}` } }
    case 'TypingChanged':
      return { value: item, bytes: 200, keep: 'droppable' }
    default:
      return { value: item, bytes: approximateBytes(item), keep: 'durable' }
  }
}
