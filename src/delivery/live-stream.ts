import { approximateBytes } from '../events/chat-event.ts'
import { unavailable } from '../errors.ts'
import type { LiveItem } from '../events/signal.ts'
import { BoundedQueue, type QueueCost } from '../lib/bounded-queue.ts'
import { type Feed, PushStream } from '../lib/push-stream.ts'
import type { InboxItem } from './inbox-item.ts'

/** The bounds of a stream's queue while its reader is busy. */
export const QUEUE_BOUNDS = { maxItems: 2_000, maxBytes: 2 * 1024 * 1024 }

/** A subscription's stream: the hub pushes live items into it, and a socket or an HTTP response reads it. */
export type LiveStream = PushStream<LiveItem, InboxItem>

type Options = Readonly<{
  /** Produces the items of the stream, phase by phase: the replay, then the pushed items. */
  phases(feed: Feed<LiveItem>): AsyncGenerator<InboxItem, void, void>
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
export function openLiveStream({ phases, ...callbacks }: Options): LiveStream {
  return new PushStream({
    queue: new BoundedQueue(QUEUE_BOUNDS, costOf),
    items: phases,
    overflowError: () => unavailable('This client reads too slowly. Subscribe again to catch up.'),
    ...callbacks,
  })
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
