import { describe, expect, test, vi } from 'vitest'
import type { InboxItem } from '../../../src/delivery/inbox-item.ts'
import { QUEUE_BOUNDS } from '../../../src/delivery/live-source.ts'
import type { LiveStream } from '../../../src/delivery/live-stream.ts'
import { bob, range, receipt, sent } from '../../harness/fixtures/chat-events.ts'
import { listsOf, openStream, take } from './open-stream.ts'

const CAUGHT_UP: InboxItem = { type: 'CaughtUp', at: new Date(0) }
const DONE = { done: true, value: undefined }

function overfill(stream: LiveStream): void {
  for (const seq of range(1, QUEUE_BOUNDS.maxItems + 1)) stream.push(sent('tea', seq))
}

test('delivers pushed items, whether the reader already waits or not', async () => {
  const { stream } = openStream()
  stream.push(sent('tea', 1))
  expect(await take(stream, 1)).toEqual([sent('tea', 1)])
  const waiting = take(stream, 2)
  stream.push(sent('tea', 2))
  stream.push(sent('tea', 3))
  expect(await waiting).toEqual([sent('tea', 2), sent('tea', 3)])
})

test('delivers items that are pushed before the first read or during earlier phases after those phases', async () => {
  const { stream } = openStream(async function* ({ pushed }) {
    yield [sent('tea', 1)]
    yield [CAUGHT_UP]
    yield* listsOf(pushed())
  })
  stream.push(sent('tea', 2))
  expect(await take(stream, 1)).toEqual([sent('tea', 1)])
  stream.push(sent('tea', 3))
  expect(await take(stream, 3)).toEqual([CAUGHT_UP, sent('tea', 2), sent('tea', 3)])
})

test('starts its phases at the first read', async () => {
  const started = vi.fn<() => void>()
  const { stream } = openStream(async function* () {
    started()
    yield [CAUGHT_UP]
  })
  expect(started).not.toHaveBeenCalled()
  await stream.next()
  expect(started).toHaveBeenCalledOnce()
})

describe('an item', () => {
  test('counts as flushed when the reader asks for the next one', async () => {
    const { stream, onFlushed } = openStream()
    stream.push(sent('tea', 1))
    stream.push(sent('tea', 2))
    await stream.next()
    expect(onFlushed).not.toHaveBeenCalled()
    await stream.next()
    expect(onFlushed.mock.calls).toEqual([[sent('tea', 1)]])
    const waiting = [stream.next(), stream.next()]
    expect(onFlushed.mock.calls).toEqual([[sent('tea', 1)], [sent('tea', 2)]])
    await stream.return()
    await Promise.all(waiting)
    expect(onFlushed).toHaveBeenCalledTimes(2)
  })

  test('does not count as flushed if the reader returns instead', async () => {
    const { stream, onFlushed } = openStream()
    stream.push(sent('tea', 1))
    await stream.next()
    await stream.return()
    await stream.next()
    expect(onFlushed).not.toHaveBeenCalled()
  })
})

describe('a reader that is too slow', () => {
  test('is cut off once with a retryable error, and gets nothing of the queue', async () => {
    const { stream, onClose, onOverflow } = openStream()
    overfill(stream)
    stream.push(sent('tea', 9_999))
    expect(onOverflow).toHaveBeenCalledOnce()
    await expect(stream.next()).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      extensions: { retryable: true },
    })
    expect(onClose).toHaveBeenCalledOnce()
    expect(await stream.next()).toEqual(DONE)
  })

  test('is cut off during the replay too, and does not get CaughtUp', async () => {
    const { stream, onOverflow } = openStream(async function* ({ pushed }) {
      yield [sent('tea', 1)]
      yield [CAUGHT_UP]
      yield* listsOf(pushed())
    })
    await take(stream, 1)
    overfill(stream)
    expect(onOverflow).toHaveBeenCalledOnce()
    await expect(stream.next()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })

  test('is cut off for the size of the queue as well as for its length', () => {
    const { stream, onOverflow } = openStream()
    const body = 'x'.repeat(8_192)
    for (const seq of range(1, 200)) stream.push(sent('tea', seq, { body }))
    expect(onOverflow).toHaveBeenCalledOnce()
  })

  test('is not cut off for receipts: they collapse to the newest of each member', async () => {
    const { stream, onOverflow } = openStream()
    stream.push(sent('tea', 1))
    for (const seq of range(1, 10_000)) stream.push(receipt('tea', bob, seq))
    stream.push(sent('tea', 2))
    expect(onOverflow).not.toHaveBeenCalled()
    const items: unknown[] = []
    for await (const item of stream) {
      items.push(item)
      if ('seq' in item && item.seq === 2) break
    }
    expect(items[0]).toEqual(sent('tea', 1))
    expect(items.slice(-2)).toEqual([receipt('tea', bob, 10_000), sent('tea', 2)])
  })
})
