import type { LiveItem } from '../events/signal.ts'
import type { BoundedQueue } from '../lib/bounded-queue.ts'
import type { InboxItem } from './inbox-item.ts'
import { type Accept, createLiveQueue, type LiveSink, type LiveSource, tooSlow } from './live-source.ts'

/**
 *     new ──▶ replaying ──▶ busy ◀────▶ ready
 *                             └──▶ last ◀─┘    the sink has taken the last item, and is not ready
 *
 *     from each of them ──▶ closed
 */
type State = 'new' | 'replaying' | 'busy' | 'ready' | 'last' | 'closed'

/** Called once, when no more items come. With an error if the stream has failed. */
export type OnEnd = (error?: Error) => void

/** Made once: the default reason of an AbortSignal costs a stack trace for each stream. */
const CLOSED = new DOMException('The stream is closed.', 'AbortError')
const DONE = { done: true, value: undefined } as const
/** So many items are announced at once, so that they are resolved together. */
const ANNOUNCED_AHEAD = 64

/**
 * A live stream whose items go to a sink. The sink takes one item at a time. Until it is ready for the next one, items
 * wait in a queue, which exists only then. While nothing happens, the stream keeps no promise and no closure: a gateway
 * has one of these for each open inbox.
 *
 * - Items of the replay come first. A list is asked for when the sink has taken all of the one before.
 * - After an overflow nothing more is handed over, and the stream ends with an error.
 * - `push` and `overflow` never close the stream synchronously, for the same reason as those of `PushStream`.
 *
 * A reader gets no items. Its `next` waits for the end.
 */
export class SinkStream implements AsyncIterableIterator<never, undefined, undefined> {
  readonly #source: LiveSource
  readonly #sink: LiveSink
  #state: State = 'new'
  #accept: Accept | undefined
  #queue: BoundedQueue<LiveItem> | undefined
  #onEnd: OnEnd | undefined
  #error: Error | undefined
  #abort: AbortController | undefined
  /** Set while the replay waits for the sink. */
  #wake: (() => void) | undefined

  constructor(source: LiveSource, sink: LiveSink) {
    this.#source = source
    this.#sink = sink
  }

  get isOpen(): boolean {
    return this.#state !== 'closed' && this.#state !== 'last' && this.#error === undefined
  }

  get #isReady(): boolean {
    return this.#state === 'ready'
  }

  /** Starts the replay. */
  start(onEnd: OnEnd): void {
    this.#onEnd = onEnd
    if (this.#state === 'closed' || this.#error !== undefined) return this.#end()
    this.#state = 'replaying'
    this.#sink.start(this)
    void this.#replay()
  }

  push(item: LiveItem): void {
    if (!this.isOpen) return
    if (this.#state === 'ready') return this.#hand(item)
    this.#queue ??= createLiveQueue()
    if (!this.#queue.push(item)) this.overflow()
    else if (this.#state === 'busy') this.#sink.announce(item)
  }

  /** Ends the stream as if its queue had overflowed. */
  overflow(): void {
    if (!this.isOpen) return
    this.#fail(tooSlow())
    this.#source.onOverflow()
  }

  async next(): Promise<IteratorReturnResult<undefined>> {
    if (this.#state !== 'closed') {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      this.start((error) => (error === undefined ? resolve() : reject(error)))
      await promise
    }
    return DONE
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#error = undefined
    this.#end()
    return DONE
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }

  async #replay(): Promise<void> {
    try {
      const lists = this.#source.phases(this.#feed())
      for (;;) {
        const list = await lists.next()
        if (!this.isOpen) return
        if (list.done === true) return this.#goLive(list.value)
        await this.#handAll(list.value)
      }
    } catch (error) {
      // A stream that has closed meanwhile makes its replay fail.
      if (this.isOpen) this.#fail(error as Error)
    }
  }

  #feed(): Readonly<{ signal: AbortSignal; hasQueued(): boolean }> {
    const abort = new AbortController()
    this.#abort = abort
    return { signal: abort.signal, hasQueued: () => this.#queue !== undefined }
  }

  /** Resolves when the sink has taken all items and is ready for more. Never resolves if the stream closes first. */
  async #handAll(items: readonly InboxItem[]): Promise<void> {
    for (const [index, item] of items.entries()) {
      if (index % ANNOUNCED_AHEAD === 0) this.#announce(items.slice(index, index + ANNOUNCED_AHEAD))
      if (!this.#take(item)) await new Promise<void>((resolve) => (this.#wake = resolve))
      if (!this.isOpen) return
    }
  }

  #announce(items: readonly InboxItem[]): void {
    for (const item of items) this.#sink.announce(item)
  }

  /** The replay is over. Without `accept` there are no live items. */
  #goLive(accept: Accept | void): void {
    this.#abort = undefined
    if (accept === undefined) return this.#end()
    this.#accept = accept
    this.#state = 'busy'
    this.resume()
  }

  /** The sink is ready. */
  resume(): void {
    if (this.#state === 'last') return this.#end()
    if (this.#state === 'replaying') return this.#wakeReplay()
    if (this.#state !== 'busy' || !this.isOpen) return
    this.#state = 'ready'
    for (let queue = this.#queue; queue !== undefined; queue = this.#queue) {
      if (!this.#isReady) return
      this.#handQueued(queue)
    }
  }

  #wakeReplay(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }

  #handQueued(queue: BoundedQueue<LiveItem>): void {
    const item = queue.shift()
    if (queue.length === 0) this.#queue = undefined
    if (item !== undefined) this.#hand(item)
  }

  /** The sink may be ready before `take` returns, and the stream may overflow meanwhile. */
  #hand(item: LiveItem): void {
    const decision = this.#accept?.(item)
    if (decision === 'skip') return
    this.#state = decision === 'last' ? 'last' : 'busy'
    const isReady = this.#take(item)
    if (!isReady || this.#error !== undefined) return
    if (this.#state === 'busy') this.#state = 'ready'
    if (this.#state === 'last') queueMicrotask(() => this.#end())
  }

  #take(item: InboxItem): boolean {
    const { onFlushed } = this.#source
    return this.#sink.take(item, onFlushed && (() => onFlushed(item)))
  }

  #fail(error: Error): void {
    this.#error = error
    this.#queue = undefined
    if (this.#onEnd !== undefined) queueMicrotask(() => this.#end())
  }

  #end(): void {
    if (this.#state !== 'closed') {
      this.#state = 'closed'
      this.#queue = undefined
      this.#abort?.abort(CLOSED)
      this.#sink.close()
      this.#source.onClose()
    }
    const onEnd = this.#onEnd
    this.#onEnd = undefined
    onEnd?.(this.#error)
  }
}
