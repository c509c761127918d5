import { approximateBytes } from '../events/chat-event.ts'
import { unavailable } from '../errors.ts'
import type { LiveItem } from '../events/signal.ts'
import { BoundedQueue, type QueueCost } from '../lib/bounded-queue.ts'
import type { Receiver } from '../lib/handover.ts'
import { type Feed, PushStream } from '../lib/push-stream.ts'
import { startWrite } from '../telemetry/tracing.ts'
import type { InboxItem } from './inbox-item.ts'

/** The bounds of a stream's queue while its reader is busy. */
export const QUEUE_BOUNDS = { maxItems: 2_000, maxBytes: 2 * 1024 * 1024 }

/** A subscription's stream: the hub pushes live items into it, and a socket or an HTTP response reads it. */
export type LiveStream = PushStream<LiveItem, InboxItem>

/**
 * Decides about each pushed item once the stream is live. `skip`: the replay has delivered it. `last`: the stream ends
 * with it.
 */
export type Accept = (item: LiveItem) => 'deliver' | 'skip' | 'last'

/**
 * Takes the items of a stream, those of the replay and the live ones. Without it, a reader would have to ask for each
 * item, which costs several promises for each item and stream.
 */
export type LiveSink = Readonly<{
  /**
   * Items follow. `resume` is to be called when the sink is ready after `take` returned false, but not while `take`
   * runs.
   */
  start(resume: () => void): void
  /**
   * Takes the next item. Returns false if the sink is not ready for another one. `onFlushed` is called when the
   * operating system has taken the item, and never if it has not.
   */
  take(item: InboxItem, onFlushed?: () => void): boolean
  /** The item will be given to `take` soon. */
  announce(item: InboxItem): void
  /** The stream has closed. Nothing that the sink has taken may be written any more. */
  close(): void
}>

type Options = Readonly<{
  /**
   * Produces the items of the stream up to CaughtUp, in lists. Asks for the next list only when the reader has taken
   * all of the one before. Returns the filter of the live items, or ends the stream.
   */
  phases(feed: Feed<LiveItem>): AsyncGenerator<readonly InboxItem[], Accept | void, void>
  /** Takes all items. Default: the reader asks for them. */
  sink?: LiveSink | undefined
  /** Called once, when the stream closes. */
  onClose(): void
  /** Called with each item that was flushed to the reader. */
  onFlushed?: ((item: InboxItem) => void) | undefined
  /** Called once, when the reader is too slow. Has to close its connection, so that it reconnects and catches up. */
  onOverflow(): void
}>

/**
 * Opens a stream with a bounded queue. If room is short, typing is dropped first and receipts collapse to the newest of
 * each member. If that is not enough, the stream ends: a gap would be worse.
 */
export function openLiveStream({ phases, sink, onClose, onFlushed, onOverflow }: Options): LiveStream {
  async function* pulled(feed: Feed<LiveItem>): AsyncGenerator<InboxItem, undefined, void> {
    const accept = yield* flattened(phases(feed))
    if (accept && stream.isOpen) yield* accepted(feed.pushed(), accept)
    return undefined
  }

  /** The reader gets no item. It waits for the end of the stream. */
  async function handOverTo(taker: LiveSink, feed: Feed<LiveItem>): Promise<Receiver<LiveItem> | undefined> {
    const handingOver = new HandingOver(taker, stream, onFlushed)
    const lists = phases(feed)
    for (;;) {
      const list = await lists.next()
      if (!stream.isOpen) return undefined
      if (list.done !== true) await handingOver.all(list.value)
      else return list.value ? receiverFor(taker, list.value) : undefined
    }
  }

  /** Items that were queued behind the last one are not delivered. */
  function receiverFor(taker: LiveSink, accept: Accept): Receiver<LiveItem> {
    return {
      take(item) {
        const decision = stream.isOpen ? accept(item) : 'skip'
        if (decision === 'last') stream.end()
        return decision === 'skip' || taker.take(item, onFlushed && (() => onFlushed(item)))
      },
      announce: (item) => taker.announce(item),
    }
  }

  const stream: LiveStream = new PushStream({
    queue: new BoundedQueue(QUEUE_BOUNDS, costOf),
    items: (feed) => (sink === undefined ? pulled(feed) : endingWith(() => handOverTo(sink, feed))),
    overflowError: () => unavailable('This client reads too slowly. Subscribe again to catch up.'),
    onClose() {
      sink?.close()
      onClose()
    },
    onFlushed,
    onOverflow,
  })
  return stream
}

/** So many items are announced at once, so that they are resolved together. */
const ANNOUNCED_AHEAD = 64

/** Hands the items of a replay to a sink, as fast as the sink takes them. */
class HandingOver {
  readonly #sink: LiveSink
  readonly #stream: LiveStream
  readonly #onFlushed: Options['onFlushed']
  /** Set while the replay waits for the sink. */
  #wake: (() => void) | undefined

  constructor(sink: LiveSink, stream: LiveStream, onFlushed: Options['onFlushed']) {
    this.#sink = sink
    this.#stream = stream
    this.#onFlushed = onFlushed
    sink.start(() => this.#resume())
  }

  /** Resolves when the sink has taken all items and is ready for more. Never resolves if the stream closes first. */
  async all(items: readonly InboxItem[]): Promise<void> {
    const onFlushed = this.#onFlushed
    for (const [index, item] of items.entries()) {
      if (index % ANNOUNCED_AHEAD === 0) this.#announce(items.slice(index, index + ANNOUNCED_AHEAD))
      const isReady = this.#sink.take(item, onFlushed && (() => onFlushed(item)))
      if (!isReady) await new Promise<void>((resolve) => (this.#wake = resolve))
      if (!this.#stream.isOpen) return
    }
  }

  /** After the replay, it is the stream that waits for the sink. */
  #resume(): void {
    const wake = this.#wake
    this.#wake = undefined
    if (wake === undefined) this.#stream.resume()
    else wake()
  }

  #announce(items: readonly InboxItem[]): void {
    for (const item of items) this.#sink.announce(item)
  }
}

/** An iterator without items. */
function endingWith<Result>(end: () => Promise<Result>): AsyncIterator<never, Result, undefined> {
  return { next: async () => ({ done: true, value: await end() }) }
}

async function* flattened<Item, Result>(
  lists: AsyncGenerator<readonly Item[], Result, void>,
): AsyncGenerator<Item, Result, void> {
  for (;;) {
    const list = await lists.next()
    if (list.done === true) return list.value
    yield* list.value
  }
}

async function* accepted(
  pushed: AsyncIterable<LiveItem>,
  accept: Accept,
): AsyncGenerator<LiveItem, void, void> {
  for await (const item of pushed) {
    const decision = accept(item)
    if (decision === 'skip') continue
    const written = startWrite(item)
    yield item
    written()
    if (decision === 'last') return
  }
}

function costOf(item: LiveItem): QueueCost {
  switch (item.type) {
    case 'ReceiptAdvanced':
      return { bytes: 200, keep: { newest: `${item.chatId} ${item.userId}` } }
    case 'TypingChanged':
      return { bytes: 200, keep: 'droppable' }
    default:
      return { bytes: approximateBytes(item), keep: 'durable' }
  }
}
