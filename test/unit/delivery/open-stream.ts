import { type Mock, vi } from 'vitest'
import type { InboxItem } from '../../../src/delivery/inbox-item.ts'
import { type LiveStream, openLiveStream } from '../../../src/delivery/live-stream.ts'
import type { LiveItem } from '../../../src/events/signal.ts'
import type { Feed } from '../../../src/lib/push-stream.ts'

export type Phases = (feed: Feed<LiveItem>) => AsyncGenerator<readonly InboxItem[], void, void>

/** A stream and its callbacks. */
export type OpenStream = Readonly<{
  stream: LiveStream
  onClose: Mock<() => void>
  onOverflow: Mock<() => void>
  onFlushed: Mock<(item: InboxItem) => void>
}>

/** Opens a stream. By default it delivers the pushed items alone. */
export function openStream(phases: Phases = liveOnly): OpenStream {
  const onClose = vi.fn<() => void>()
  const onOverflow = vi.fn<() => void>()
  const onFlushed = vi.fn<(item: InboxItem) => void>()
  const stream = openLiveStream({ phases, onClose, onOverflow, onFlushed })
  return { stream, onClose, onOverflow, onFlushed }
}

/** Reads `count` items. */
export async function take(stream: LiveStream, count: number): Promise<unknown[]> {
  const items: unknown[] = []
  while (items.length < count) items.push((await stream.next()).value)
  return items
}

async function* liveOnly({ pushed }: Feed<LiveItem>): AsyncGenerator<readonly InboxItem[], void, void> {
  yield* listsOf(pushed())
}

/** Yields each item in a list of its own. */
export async function* listsOf<Item>(
  items: AsyncIterable<Item>,
): AsyncGenerator<readonly Item[], void, void> {
  for await (const item of items) yield [item]
}
