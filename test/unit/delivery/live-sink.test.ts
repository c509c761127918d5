import { expect, test, vi } from 'vitest'
import {
  type Accept,
  type LiveSink,
  openLiveStream,
  QUEUE_BOUNDS,
} from '../../../src/delivery/live-stream.ts'
import type { InboxItem } from '../../../src/delivery/inbox-item.ts'
import type { LiveItem } from '../../../src/events/signal.ts'
import { range, sent, seqsOf } from '../../harness/fixtures/chat-events.ts'

const CAUGHT_UP = { type: 'CaughtUp', at: new Date(0) } as const
const DONE = { done: true, value: undefined }

/** A stream that replays the event with seq 1 and is live then. */
function openStream(accept: Accept = () => 'deliver') {
  const taken: LiveItem[] = []
  const flushes: (() => void)[] = []
  const onFlushed = vi.fn<(item: InboxItem) => void>()
  const state = { isReady: true, resume: (): void => undefined }
  const close = vi.fn<() => void>()
  const start = vi.fn<LiveSink['start']>((resume) => void (state.resume = resume))
  const sink: LiveSink = {
    start,
    take(item, flushed) {
      taken.push(item)
      if (flushed !== undefined) flushes.push(flushed)
      return state.isReady
    },
    announce: () => undefined,
    close,
  }
  const onClose = vi.fn<() => void>()
  const onOverflow = vi.fn<() => void>()
  const stream = openLiveStream({
    async *phases() {
      yield sent('tea', 1)
      yield CAUGHT_UP
      return accept
    },
    sink,
    onClose,
    onOverflow,
    onFlushed,
  })
  return { stream, state, start, close, taken, flushes, onClose, onOverflow, onFlushed }
}

/** Reads the replay, and asks for what follows. */
async function goLive({ stream }: ReturnType<typeof openStream>) {
  expect([(await stream.next()).value, (await stream.next()).value]).toEqual([sent('tea', 1), CAUGHT_UP])
  const ended = stream.next()
  await new Promise(setImmediate)
  return { ended }
}

test('the reader gets the replay, and the sink everything after CaughtUp was read', async () => {
  const opened = openStream()
  opened.stream.push(sent('tea', 2))
  await goLive(opened)
  opened.stream.push(sent('tea', 3))
  expect(seqsOf(opened.taken)).toEqual([2, 3])
})

test('the sink does not get items that the replay has delivered', async () => {
  const opened = openStream((item) => ('seq' in item && item.seq < 3 ? 'skip' : 'deliver'))
  await goLive(opened)
  for (const seq of range(1, 4)) opened.stream.push(sent('tea', seq))
  expect(seqsOf(opened.taken)).toEqual([3, 4])
})

test('the stream ends after the sink is done with the last item, and drops what follows', async () => {
  const opened = openStream((item) => ('seq' in item && item.seq === 3 ? 'last' : 'deliver'))
  const { ended } = await goLive(opened)
  opened.state.isReady = false
  for (const seq of range(2, 5)) opened.stream.push(sent('tea', seq))
  opened.state.resume()
  await new Promise(setImmediate)
  expect(opened.onClose).not.toHaveBeenCalled()
  opened.state.isReady = true
  opened.state.resume()
  expect(await ended).toEqual(DONE)
  expect(seqsOf(opened.taken)).toEqual([2, 3])
  expect(opened.close).toHaveBeenCalledOnce()
})

test('an item counts as flushed when the sink says so', async () => {
  const opened = openStream()
  await goLive(opened)
  opened.stream.push(sent('tea', 2))
  opened.stream.push(sent('tea', 3))
  expect(opened.onFlushed).not.toHaveBeenCalledWith(sent('tea', 2))
  opened.flushes[0]?.()
  expect(opened.onFlushed).toHaveBeenLastCalledWith(sent('tea', 2))
})

test('a sink that is not ready for too long is cut off', async () => {
  const opened = openStream()
  const { ended } = await goLive(opened)
  opened.state.isReady = false
  for (const seq of range(2, QUEUE_BOUNDS.maxItems + 3)) opened.stream.push(sent('tea', seq))
  expect(opened.onOverflow).toHaveBeenCalledOnce()
  await expect(ended).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  expect(opened.close).toHaveBeenCalledOnce()
})

test('the sink is not started if the reader returns while the stream goes live', async () => {
  const opened = openStream()
  await opened.stream.next()
  await opened.stream.next()
  void opened.stream.next()
  await opened.stream.return()
  await new Promise(setImmediate)
  expect(opened.start).not.toHaveBeenCalled()
})

test('the sink is closed when the reader returns, even before the stream was live', async () => {
  const opened = openStream()
  await opened.stream.return()
  expect(opened.close).toHaveBeenCalledOnce()
  expect(opened.onClose).toHaveBeenCalledOnce()
})
