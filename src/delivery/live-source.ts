import { approximateBytes } from '../events/chat-event.ts'
import { unavailable } from '../errors.ts'
import type { LiveItem } from '../events/signal.ts'
import { BoundedQueue, type QueueCost } from '../lib/bounded-queue.ts'
import type { Feed } from '../lib/push-stream.ts'
import type { InboxItem } from './inbox-item.ts'

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
   * Items of the stream follow. Its `resume` is to be called when the sink is ready after `take` returned false, but
   * not while `take` runs.
   */
  start(stream: Readonly<{ resume(): void }>): void
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

/** The part of a stream that differs between kinds of streams: its replay, and the filter of its live items. */
export type LiveSource = Readonly<{
  /**
   * Produces the items of the stream up to CaughtUp, in lists. Asks for the next list only when the reader has taken
   * all of the one before. Returns the filter of the live items, or ends the stream.
   */
  phases(
    feed: Pick<Feed<LiveItem>, 'signal' | 'hasQueued'>,
  ): AsyncGenerator<readonly InboxItem[], Accept | void, void>
  /** Takes all items. Default: the reader asks for them. */
  sink?: LiveSink | undefined
  /** Called once, when the stream closes. */
  onClose(): void
  /** Called with each item that was flushed to the reader. */
  onFlushed?: ((item: InboxItem) => void) | undefined
  /** Called once, when the reader is too slow. Has to close its connection, so that it reconnects and catches up. */
  onOverflow(): void
}>

/** The bounds of a stream's queue while its reader is busy. */
export const QUEUE_BOUNDS = { maxItems: 2_000, maxBytes: 2 * 1024 * 1024 }

/** The error of a stream whose reader is too slow. */
export function tooSlow(): Error {
  return unavailable('This client reads too slowly. Subscribe again to catch up.')
}

/**
 * A queue of live items. If room is short, typing is dropped first and receipts collapse to the newest of each member.
 * If that is not enough, the stream ends: a gap would be worse.
 */
export function createLiveQueue(): BoundedQueue<LiveItem> {
  return new BoundedQueue(QUEUE_BOUNDS, costOf)
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
