import { NewestByKeyQueue, type Queue } from './bounded-queue.ts'

/** The stream as its `items` function sees it. */
export type Feed<Pushed> = Readonly<{
  /** The pushed items, from the first. Waits while none is queued. Ends with the stream. */
  pushed(): AsyncGenerator<Pushed, void, void>
  /** Whether an item waits in the queue. */
  hasQueued(): boolean
  /** Aborts when the stream closes. */
  readonly signal: AbortSignal
}>

export type PushStreamOptions<Pushed, Item> = Readonly<{
  /** Keeps the pushed items until the reader asks for them. Default: keeps the newest item alone. */
  queue?: Queue<Pushed> | undefined
  /**
   * Produces what the reader gets, one item for each `next`. Starts at the first `next`. The stream closes when it
   * ends, and rejects once if it throws. Its `return` is never called: use `signal` or `onClose` to release what it
   * holds. Default: the pushed items as they are.
   */
  items?: ((feed: Feed<Pushed>) => AsyncIterator<Item, void, undefined>) | undefined
  /** Called once, when an item does not fit the queue or `overflow` is called. */
  onOverflow?: (() => void) | undefined
  /** The error that ends the stream after an overflow. */
  overflowError?: (() => Error) | undefined
  /** Called with each item once the reader has asked for the next one, which shows that the item left the stream. */
  onFlushed?: ((item: Item) => void) | undefined
  /**
   * Called once, when the stream closes. Dispose here of whatever pushes into the stream. The call of `return` or
   * `next` that closed the stream waits for the result, and rejects if it rejects.
   */
  onClose?: (() => unknown) | undefined
}>

type State<Item> =
  | Readonly<{ type: 'open' | 'ending' | 'closed' }>
  /** The queue is empty; the next `next` gets this outcome. */
  | Readonly<{ type: 'interrupted'; outcome: Readonly<{ error: Error } | { last: Item }> }>

/** Made once: the default reason of an AbortSignal costs a stack trace for each stream. */
const CLOSED = new DOMException('The stream is closed.', 'AbortError')
const DONE = { done: true, value: undefined } as const

/**
 * A stream with a producer that pushes and one reader that pulls, and a bounded queue between them.
 *
 *     open ── end() ───────────────────────────▶ ending ────── queue is empty ──▶ closed
 *      ├───── overflow(), fail(error), cut(last) ▶ interrupted ─ next() ─────────▶ closed
 *      └───── return(), or `items` ends or throws ──────────────────────────────▶ closed
 *
 * Laws:
 * - Items arrive in the order of the queue. Calls of `next` that wait at the same time are served in order.
 * - `return` closes at once and ends every waiting `next`, even while `items` waits for something else. This is why it
 *   is not an async generator: the `return` of a generator waits for the `next` in progress, which may never end.
 * - `end` delivers what is queued first. An interruption drops it. After either, pushed items are ignored.
 * - An error is delivered to exactly one `next`. With no reader waiting it is kept, and never an unhandled rejection.
 * - `push`, `end`, `fail`, `cut` and `overflow` never close the stream synchronously: a producer can call them while
 *   it iterates over its streams, and `onClose` may remove the stream from that collection.
 */
export class PushStream<Pushed, Item = Pushed> implements AsyncIterableIterator<Item, undefined, undefined> {
  readonly #options: PushStreamOptions<Pushed, Item>
  readonly #queue: Queue<Pushed>
  readonly #items: AsyncIterator<Item, void, undefined>
  /** One for each waiting `next`: makes it look at the state. */
  readonly #interrupts: (() => void)[] = []
  #state: State<Item> = { type: 'open' }
  #abort: AbortController | undefined
  #wakePushed: (() => void) | undefined
  #unflushed: Item[] = []

  constructor(options: PushStreamOptions<Pushed, Item>) {
    this.#options = options
    this.#queue = options.queue ?? new NewestByKeyQueue(() => 'newest')
    this.#items = options.items?.(this.#feed()) ?? (this.#pushed() as AsyncGenerator<never, void, void>)
  }

  get isOpen(): boolean {
    return this.#state.type === 'open'
  }

  /** Queues an item. If it does not fit, the stream overflows: a missing item would be worse. */
  push(item: Pushed): void {
    if (!this.isOpen) return
    if (this.#queue.push(item)) this.#wakePushed?.()
    else this.overflow()
  }

  /** Ends the stream as if its queue had overflowed. */
  overflow(): void {
    if (!this.isOpen) return
    this.fail(this.#options.overflowError?.() ?? new Error('The reader is too slow.'))
    this.#options.onOverflow?.()
  }

  /** Drops what is queued and rejects one `next` with the error. */
  fail(error: Error): void {
    this.#interrupt({ error })
  }

  /** Drops what is queued and delivers `last` as the last item. */
  cut(last: Item): void {
    this.#interrupt({ last })
  }

  /** Ends the stream after what is queued. */
  end(): void {
    if (!this.isOpen) return
    this.#state = { type: 'ending' }
    this.#wakePushed?.()
  }

  async next(): Promise<IteratorResult<Item, undefined>> {
    if (this.#state.type === 'closed') return DONE
    this.#reportFlushed()
    try {
      const result = await this.#nextOrInterrupt()
      if (this.#state.type === 'interrupted') return await this.#finish(this.#state.outcome)
      if (result === undefined || result.done === true || this.#isClosed()) return await this.return()
      if (this.#options.onFlushed !== undefined) this.#unflushed.push(result.value)
      return { done: false, value: result.value }
    } catch (error) {
      if (this.#isClosed()) return DONE
      await this.#close()
      throw error
    }
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    await this.#close()
    return DONE
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  #isClosed(): boolean {
    return this.#state.type === 'closed'
  }

  /**
   * Resolves with undefined if the stream is interrupted or closed first. A `Promise.race` with one promise for the
   * interruption would keep every item in memory until the stream ends.
   */
  async #nextOrInterrupt(): Promise<IteratorResult<Item, void> | undefined> {
    if (this.#state.type === 'interrupted') return undefined
    const { promise, resolve, reject } = Promise.withResolvers<IteratorResult<Item, void> | undefined>()
    const interrupt = (): void => resolve(undefined)
    this.#interrupts.push(interrupt)
    this.#items.next().then(resolve, reject)
    try {
      return await promise
    } finally {
      this.#interrupts.splice(this.#interrupts.indexOf(interrupt), 1)
    }
  }

  #interrupt(outcome: Readonly<{ error: Error } | { last: Item }>): void {
    if (this.#state.type !== 'open' && this.#state.type !== 'ending') return
    this.#state = { type: 'interrupted', outcome }
    this.#stopWaiting()
  }

  async #finish(outcome: Readonly<{ error: Error } | { last: Item }>): Promise<IteratorYieldResult<Item>> {
    if ('error' in outcome) throw outcome.error
    await this.#close()
    return { done: false, value: outcome.last }
  }

  async #close(): Promise<void> {
    if (this.#isClosed()) return
    this.#state = { type: 'closed' }
    this.#abort?.abort(CLOSED)
    this.#unflushed = []
    this.#stopWaiting()
    await this.#options.onClose?.()
  }

  #stopWaiting(): void {
    this.#queue.clear()
    this.#wakePushed?.()
    for (const interrupt of this.#interrupts) interrupt()
  }

  #reportFlushed(): void {
    if (this.#unflushed.length === 0) return
    const flushed = this.#unflushed
    this.#unflushed = []
    for (const item of flushed) this.#options.onFlushed?.(item)
  }

  #feed(): Feed<Pushed> {
    const signal = (): AbortSignal => this.#signal()
    return {
      pushed: () => this.#pushed(),
      hasQueued: () => this.#queue.length > 0,
      get signal() {
        return signal()
      },
    }
  }

  /** Made when it is first asked for: most streams of a gateway never need one. */
  #signal(): AbortSignal {
    this.#abort ??= new AbortController()
    if (this.#isClosed()) this.#abort.abort(CLOSED)
    return this.#abort.signal
  }

  async *#pushed(): AsyncGenerator<Pushed, void, void> {
    for (;;) {
      if (this.#queue.length > 0) yield this.#queue.shift() as Pushed
      else if (this.isOpen) await this.#nextPush()
      else return
    }
  }

  async #nextPush(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wakePushed = resolve
    await promise
    this.#wakePushed = undefined
  }
}
