import { type Mock, vi } from 'vitest'
import type { InboxItem } from '../../../src/delivery/inbox-item.ts'
import { type Feeding, LiveStream } from '../../../src/delivery/live-stream.ts'

export type Phases = (feeding: Feeding) => AsyncGenerator<InboxItem, void, void>

/** A stream, and what it calls. */
export type OpenStream = Readonly<{
  stream: LiveStream
  release: Mock<() => void>
  onOverflow: Mock<() => void>
  onFlushed: Mock<(item: InboxItem) => void>
}>

/** A stream of what is pushed alone, unless it has other phases. */
export function openStream(phases: Phases = liveOnly): OpenStream {
  const release = vi.fn<() => void>()
  const onOverflow = vi.fn<() => void>()
  const onFlushed = vi.fn<(item: InboxItem) => void>()
  const stream = new LiveStream({ phases, release, onOverflow, onFlushed })
  return { stream, release, onOverflow, onFlushed }
}

/** The next `count` items. */
export async function take(stream: LiveStream, count: number): Promise<unknown[]> {
  const items: unknown[] = []
  while (items.length < count) items.push((await stream.next()).value)
  return items
}

async function* liveOnly({ live }: Feeding): AsyncGenerator<InboxItem, void, void> {
  yield* live()
}
