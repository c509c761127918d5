import type { LiveItem } from '../events/signal.ts'
import { type Feed, PushStream } from '../lib/push-stream.ts'
import { startWrite } from '../telemetry/tracing.ts'
import type { InboxItem } from './inbox-item.ts'
import { type Accept, createLiveQueue, type LiveSource, tooSlow } from './live-source.ts'
import { SinkStream } from './sink-stream.ts'

/** A subscription's stream: the hub pushes live items into it, and a socket or an HTTP response reads it. */
export type LiveStream = AsyncIterableIterator<InboxItem, undefined, undefined> &
  AsyncDisposable &
  Readonly<{
    /** Queues an item. If it does not fit, the stream overflows: a missing item would be worse. */
    push(item: LiveItem): void
    /** Ends the stream as if its queue had overflowed. */
    overflow(): void
    return(): Promise<IteratorReturnResult<undefined>>
  }>

/** Opens a stream with a bounded queue, see `createLiveQueue`. */
export function openLiveStream(source: LiveSource): LiveStream {
  return source.sink === undefined ? openPulled(source) : new SinkStream(source, source.sink)
}

function openPulled(source: LiveSource): LiveStream {
  async function* items(feed: Feed<LiveItem>): AsyncGenerator<InboxItem, undefined, void> {
    const accept = yield* flattened(source.phases(feed))
    if (accept && stream.isOpen) yield* accepted(feed.pushed(), accept)
    return undefined
  }

  const stream: PushStream<LiveItem, InboxItem> = new PushStream({
    queue: createLiveQueue(),
    items,
    overflowError: tooSlow,
    onClose: () => source.onClose(),
    onFlushed: source.onFlushed,
    onOverflow: () => source.onOverflow(),
  })
  return stream
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
