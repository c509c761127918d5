import { expect, test, vi } from 'vitest'
import type { Accept, LiveSink } from '../../../src/delivery/live-source.ts'
import { SinkStream } from '../../../src/delivery/sink-stream.ts'
import type { LiveItem } from '../../../src/events/signal.ts'
import { range, sent } from '../../harness/fixtures/chat-events.ts'

/** Waits until all that can happen without the sink has happened. */
const settled = (): Promise<void> => new Promise(setImmediate)

/** A stream that has replayed nothing and is live. `take` decides whether the sink is ready after an item. */
async function openLive(take: (seq: number) => boolean = () => true, accept: Accept = () => 'deliver') {
  const taken: number[] = []
  const announced: number[] = []
  const signals: AbortSignal[] = []
  const [onEnd, onClose, onOverflow, close] = Array.from({ length: 4 }, () =>
    vi.fn<(error?: Error) => void>(),
  )
  let resume: () => void = () => undefined
  const sink: LiveSink = {
    start: (given) => void (resume = () => given.resume()),
    take(item) {
      taken.push(seqOf(item as LiveItem))
      return take(seqOf(item as LiveItem))
    },
    announce: (item) => void announced.push(seqOf(item as LiveItem)),
    close: () => close?.(),
  }
  const stream = new SinkStream(
    {
      async *phases({ signal }) {
        signals.push(signal)
        yield []
        return accept
      },
      onClose: () => onClose?.(),
      onOverflow: () => onOverflow?.(),
    },
    sink,
  )
  stream.start((error) => onEnd?.(error))
  await settled()
  return { stream, taken, announced, signals, resume: () => resume(), onEnd, onClose, onOverflow, close }
}

function seqOf(item: LiveItem): number {
  return 'seq' in item ? item.seq : 0
}

test('hands items over as they are pushed', async () => {
  const { stream, taken, announced } = await openLive()
  for (const seq of [1, 2, 3]) stream.push(sent('tea', seq))
  expect([taken, announced]).toEqual([[1, 2, 3], []])
})

test('queues items while the sink is not ready, announces them, and hands them over in order', async () => {
  let isReady = false
  const { stream, taken, announced, resume } = await openLive(() => isReady)
  for (const seq of [1, 2, 3]) stream.push(sent('tea', seq))
  expect([taken, announced]).toEqual([[1], [2, 3]])
  resume()
  expect(taken).toEqual([1, 2])
  isReady = true
  resume()
  stream.push(sent('tea', 4))
  expect(taken).toEqual([1, 2, 3, 4])
})

test('closes in a later turn of the microtask queue, because a producer may iterate over its streams', async () => {
  const { stream, onClose, onEnd } = await openLive(
    () => true,
    () => 'last',
  )
  stream.push(sent('tea', 1))
  expect(onClose).not.toHaveBeenCalled()
  await settled()
  expect([onClose?.mock.calls.length, onEnd?.mock.calls]).toEqual([1, [[undefined]]])
})

test('an overflow ends the stream once, with an error, and hands nothing more over', async () => {
  const { stream, taken, resume, onEnd, onClose, onOverflow, close } = await openLive(() => false)
  for (const seq of range(1, 3)) stream.push(sent('tea', seq))
  stream.overflow()
  stream.overflow()
  expect([onOverflow?.mock.calls.length, onClose?.mock.calls.length]).toEqual([1, 0])
  resume()
  stream.push(sent('tea', 4))
  await settled()
  expect(taken).toEqual([1])
  expect(onEnd?.mock.calls).toMatchObject([[{ code: 'UNAVAILABLE' }]])
  expect([onClose?.mock.calls.length, close?.mock.calls.length]).toEqual([1, 1])
})

test('a sink that closes the stream while it takes an item gets nothing more', async () => {
  const opened: Awaited<ReturnType<typeof openLive>> = await openLive(() => {
    void opened.stream.return()
    return true
  })
  for (const seq of [1, 2]) opened.stream.push(sent('tea', seq))
  expect([opened.taken, opened.onClose?.mock.calls.length]).toEqual([[1], 1])
  await opened.stream.return()
  expect([opened.onClose?.mock.calls.length, opened.onEnd?.mock.calls]).toEqual([1, [[undefined]]])
})

test('a replay that fails ends the stream with its error', async () => {
  const [onEnd, close] = [vi.fn<(error?: Error) => void>(), vi.fn<() => void>()]
  const sink: LiveSink = { start: () => undefined, take: () => true, announce: () => undefined, close }
  const stream = new SinkStream(
    {
      // oxlint-disable-next-line require-yield -- The replay fails before its first item.
      async *phases() {
        throw new Error('the database is away')
      },
      onClose: () => undefined,
      onOverflow: () => undefined,
    },
    sink,
  )
  stream.start(onEnd)
  await settled()
  expect([onEnd.mock.calls, close.mock.calls.length]).toEqual([[[new Error('the database is away')]], 1])
})

test('aborts the signal of a replay that is not over when the reader returns', async () => {
  const signals: AbortSignal[] = []
  const sink: LiveSink = {
    start: () => undefined,
    take: () => true,
    announce: () => undefined,
    close: () => undefined,
  }
  const stream = new SinkStream(
    {
      async *phases({ signal }) {
        signals.push(signal)
        await new Promise(() => undefined)
        yield []
      },
      onClose: () => undefined,
      onOverflow: () => undefined,
    },
    sink,
  )
  const onEnd = vi.fn<(error?: Error) => void>()
  stream.start(onEnd)
  expect(signals.map(({ aborted }) => aborted)).toEqual([false])
  await stream.return()
  expect([signals.map(({ aborted }) => aborted), onEnd.mock.calls]).toEqual([[true], [[undefined]]])
})
