import { expect, test, vi } from 'vitest'
import { type Accept, type LiveSink, QUEUE_BOUNDS } from '../../../src/delivery/live-source.ts'
import { openLiveStream } from '../../../src/delivery/live-stream.ts'
import type { InboxItem } from '../../../src/delivery/inbox-item.ts'
import { range, sent } from '../../harness/fixtures/chat-events.ts'

const CAUGHT_UP = { type: 'CaughtUp', at: new Date(0) } as const
const DONE = { done: true, value: undefined }

/** Waits until all that can happen without the sink has happened. */
const settled = (): Promise<void> => new Promise(setImmediate)

/** A stream that replays the events 1 to 3, the third in a page of its own, and is live then. */
function openStream(accept: Accept = () => 'deliver') {
  const taken: InboxItem[] = []
  const announced: InboxItem[] = []
  const flushes: (() => void)[] = []
  const pages: string[] = []
  const onFlushed = vi.fn<(item: InboxItem) => void>()
  const state = { isReady: true, resume: (): void => undefined }
  const close = vi.fn<() => void>()
  const start = vi.fn<LiveSink['start']>((given) => void (state.resume = () => given.resume()))
  const sink: LiveSink = {
    start,
    take(item, flushed) {
      taken.push(item)
      if (flushed !== undefined) flushes.push(flushed)
      return state.isReady
    },
    announce: (item) => void announced.push(item),
    close,
  }
  const onClose = vi.fn<() => void>()
  const onOverflow = vi.fn<() => void>()
  const stream = openLiveStream({
    async *phases() {
      pages.push('first')
      yield [sent('tea', 1), sent('tea', 2)]
      pages.push('second')
      yield [sent('tea', 3)]
      yield [CAUGHT_UP]
      return accept
    },
    sink,
    onClose,
    onOverflow,
    onFlushed,
  })
  const shown = (): readonly unknown[] => taken.map((item) => ('seq' in item ? item.seq : item.type))
  const end = stream.next()
  end.catch(() => undefined)
  return {
    stream,
    end,
    state,
    start,
    close,
    shown,
    announced,
    flushes,
    pages,
    onClose,
    onOverflow,
    onFlushed,
  }
}

const REPLAY = [1, 2, 3, 'CaughtUp']

test('the sink gets the replay, then CaughtUp, then what was pushed meanwhile, then live items', async () => {
  const opened = openStream()
  opened.stream.push(sent('tea', 4))
  await settled()
  opened.stream.push(sent('tea', 5))
  expect(opened.shown()).toEqual([...REPLAY, 4, 5])
})

test('a sink that is not ready gets one item each time it becomes ready, in order, without a repetition', async () => {
  const opened = openStream()
  opened.state.isReady = false
  opened.stream.push(sent('tea', 4))
  const expected = [...REPLAY, 4]
  for (const count of range(1, expected.length)) {
    await settled()
    expect(opened.shown()).toEqual(expected.slice(0, count))
    opened.state.resume()
  }
})

test('a page is read only after the sink has taken the page before', async () => {
  const opened = openStream()
  opened.state.isReady = false
  await settled()
  expect(opened.pages).toEqual(['first'])
  opened.state.resume()
  await settled()
  expect(opened.pages).toEqual(['first'])
  opened.state.resume()
  await settled()
  expect(opened.pages).toEqual(['first', 'second'])
})

test('items of a page are announced before the first of them is taken', async () => {
  const opened = openStream()
  opened.state.isReady = false
  await settled()
  expect(opened.announced).toEqual([sent('tea', 1), sent('tea', 2)])
  expect(opened.shown()).toEqual([1])
})

test('the sink does not get live items that the replay has delivered', async () => {
  const opened = openStream((item) => ('seq' in item && item.seq < 4 ? 'skip' : 'deliver'))
  await settled()
  for (const seq of range(1, 5)) opened.stream.push(sent('tea', seq))
  expect(opened.shown()).toEqual([...REPLAY, 4, 5])
})

test('the stream ends after the sink is done with the last item, and drops what follows', async () => {
  const opened = openStream((item) => ('seq' in item && item.seq === 5 ? 'last' : 'deliver'))
  await settled()
  opened.state.isReady = false
  for (const seq of range(4, 7)) opened.stream.push(sent('tea', seq))
  opened.state.resume()
  await settled()
  expect(opened.onClose).not.toHaveBeenCalled()
  opened.state.isReady = true
  opened.state.resume()
  expect(await opened.end).toEqual(DONE)
  expect(opened.shown()).toEqual([...REPLAY, 4, 5])
  expect(opened.close).toHaveBeenCalledOnce()
})

test('an item counts as flushed when the sink says so', async () => {
  const opened = openStream()
  await settled()
  opened.stream.push(sent('tea', 4))
  expect(opened.onFlushed).not.toHaveBeenCalled()
  opened.flushes[0]?.()
  expect(opened.onFlushed).toHaveBeenLastCalledWith(sent('tea', 1))
  opened.flushes.at(-1)?.()
  expect(opened.onFlushed).toHaveBeenLastCalledWith(sent('tea', 4))
})

test.for(['during the replay', 'when it is live'])(
  'a sink that is not ready for too long is cut off %s',
  async (when) => {
    const opened = openStream()
    opened.state.isReady = when === 'when it is live'
    await settled()
    opened.state.isReady = false
    for (const seq of range(4, QUEUE_BOUNDS.maxItems + 5)) opened.stream.push(sent('tea', seq))
    expect(opened.onOverflow).toHaveBeenCalledOnce()
    await expect(opened.end).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(opened.close).toHaveBeenCalledOnce()
  },
)

test('the sink gets nothing more once the reader has returned during the replay', async () => {
  const opened = openStream()
  opened.state.isReady = false
  await settled()
  await opened.stream.return()
  opened.state.resume()
  await settled()
  expect(opened.shown()).toEqual([1])
  expect(opened.close).toHaveBeenCalledOnce()
})

test('the sink is closed when the reader returns, even before the stream has begun', async () => {
  const opened = openStream()
  await opened.stream.return()
  expect(opened.close).toHaveBeenCalledOnce()
  expect(opened.onClose).toHaveBeenCalledOnce()
})
