import { expect, test, vi } from 'vitest'
import { BoundedQueue } from '../../../src/lib/bounded-queue.ts'
import type { Receiver } from '../../../src/lib/handover.ts'
import { PushStream } from '../../../src/lib/push-stream.ts'

const DONE = { done: true, value: undefined }

/** A stream that yields 0 and then hands over to a receiver. The queue holds four. */
function openStream(receiver: Partial<Receiver<number>> = {}) {
  const taken: number[] = []
  const announced: number[] = []
  const onClose = vi.fn<() => void>()
  const onOverflow = vi.fn<() => void>()
  let isReady = true
  const stream: PushStream<number> = new PushStream<number>({
    queue: new BoundedQueue<number>({ maxItems: 4, maxBytes: 4 }, () => ({ bytes: 1, keep: 'durable' })),
    async *items() {
      yield 0
      return {
        take: (item) => taken.push(item) > 0 && isReady,
        announce: (item) => announced.push(item),
        ...receiver,
      }
    },
    onClose,
    onOverflow,
    overflowError: () => new Error('too slow'),
  })
  return { stream, taken, announced, onClose, onOverflow, setReady: (value: boolean) => (isReady = value) }
}

/** Reads the first item, and asks for what follows. The receiver has taken over by the end of this turn. */
async function handOver({ stream }: ReturnType<typeof openStream>): Promise<unknown> {
  await stream.next()
  return stream.next()
}

test('hands items to the receiver as they are pushed, those that were queued first', async () => {
  const opened = openStream()
  opened.stream.push(1)
  expect(await opened.stream.next()).toEqual({ done: false, value: 0 })
  expect(opened.taken).toEqual([])
  void opened.stream.next()
  await new Promise(setImmediate)
  opened.stream.push(2)
  expect(opened.taken).toEqual([1, 2])
  expect(opened.announced).toEqual([])
})

test('queues items while the receiver is not ready, announces them, and hands them over in order', async () => {
  const opened = openStream()
  const ended = handOver(opened)
  await new Promise(setImmediate)
  opened.setReady(false)
  for (const item of [1, 2, 3]) opened.stream.push(item)
  expect([opened.taken, opened.announced]).toEqual([[1], [2, 3]])
  opened.stream.resume()
  expect(opened.taken).toEqual([1, 2])
  opened.setReady(true)
  opened.stream.resume()
  expect(opened.taken).toEqual([1, 2, 3])
  await opened.stream.return()
  expect(await ended).toEqual(DONE)
})

test('overflows while the receiver is not ready, and rejects the waiting read', async () => {
  const opened = openStream()
  const ended = handOver(opened)
  await new Promise(setImmediate)
  opened.setReady(false)
  for (const item of [1, 2, 3, 4, 5, 6]) opened.stream.push(item)
  expect(opened.onOverflow).toHaveBeenCalledOnce()
  await expect(ended).rejects.toThrow('too slow')
  opened.setReady(true)
  opened.stream.resume()
  expect(opened.taken).toEqual([1])
})

test('ends the waiting read after the receiver has taken what was queued', async () => {
  const opened = openStream()
  const ended = handOver(opened)
  await new Promise(setImmediate)
  opened.setReady(false)
  opened.stream.push(1)
  opened.stream.push(2)
  opened.stream.end()
  opened.setReady(true)
  expect(opened.onClose).not.toHaveBeenCalled()
  opened.stream.resume()
  expect(opened.taken).toEqual([1, 2])
  expect(await ended).toEqual(DONE)
})

test('a receiver that ends the stream while it takes an item keeps it open until it is ready', async () => {
  const opened: ReturnType<typeof openStream> = openStream({
    take() {
      opened.stream.end()
      return false
    },
  })
  const ended = handOver(opened)
  await new Promise(setImmediate)
  opened.stream.push(1)
  await new Promise(setImmediate)
  expect(opened.onClose).not.toHaveBeenCalled()
  opened.stream.resume()
  expect(await ended).toEqual(DONE)
  expect(opened.onClose).toHaveBeenCalledOnce()
})

test('hands nothing over after the reader has returned', async () => {
  const opened = openStream()
  const ended = handOver(opened)
  await new Promise(setImmediate)
  opened.setReady(false)
  opened.stream.push(1)
  opened.stream.push(2)
  await opened.stream.return()
  opened.setReady(true)
  opened.stream.resume()
  opened.stream.push(3)
  expect(opened.taken).toEqual([1])
  expect(await ended).toEqual(DONE)
})
