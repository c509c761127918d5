import { describe, expect, test, vi } from 'vitest'
import { BoundedQueue, NewestByKeyQueue } from '../../../src/lib/bounded-queue.ts'
import { type Feed, PushStream } from '../../../src/lib/push-stream.ts'

const DONE = { done: true, value: undefined }

type Items = (feed: Feed<number>) => AsyncGenerator<number, void, void>

/** A stream of numbers whose queue holds four. */
function openStream(items?: Items) {
  const onClose = vi.fn<() => void>()
  const onOverflow = vi.fn<() => void>()
  const onFlushed = vi.fn<(item: number) => void>()
  const overflowError = (): Error => new Error('too slow')
  const queue = new BoundedQueue<number>({ maxItems: 4, maxBytes: 4 }, () => ({ bytes: 1, keep: 'durable' }))
  const stream = new PushStream({ queue, items, onClose, onOverflow, onFlushed, overflowError })
  return { stream, queue, onClose, onOverflow, onFlushed }
}

/** Reads to the end. */
async function rest(stream: PushStream<number>): Promise<number[]> {
  return await Array.fromAsync(stream)
}

describe('push', () => {
  test('delivers in order, whether the reader already waits or not', async () => {
    const { stream } = openStream()
    stream.push(1)
    stream.push(2)
    expect([await stream.next(), await stream.next()]).toMatchObject([{ value: 1 }, { value: 2 }])
    const waiting = stream.next()
    stream.push(3)
    expect(await waiting).toEqual({ done: false, value: 3 })
  })

  test('serves two reads that wait at the same time, in order', async () => {
    const { stream } = openStream()
    const [first, second] = [stream.next(), stream.next()]
    stream.push(1)
    expect(await first).toMatchObject({ value: 1 })
    stream.push(2)
    expect(await second).toMatchObject({ value: 2 })
  })

  test('is ignored once the stream has ended, failed, overflowed or closed', async () => {
    const endings = ['end', 'overflow', 'return'] as const
    for (const ending of endings) {
      const { stream } = openStream()
      void stream[ending]()
      stream.push(1)
      expect(stream.isOpen).toBe(false)
      expect(await stream.next().catch((error: unknown) => error)).not.toMatchObject({ value: 1 })
    }
  })
})

describe('end', () => {
  test('delivers what is queued, then closes', async () => {
    const { stream, onClose } = openStream()
    stream.push(1)
    stream.push(2)
    stream.end()
    stream.end()
    expect(onClose).not.toHaveBeenCalled()
    expect(await rest(stream)).toEqual([1, 2])
    expect(onClose).toHaveBeenCalledOnce()
  })

  test('settles every read that waits', async () => {
    const { stream } = openStream()
    const waiting = [stream.next(), stream.next()]
    stream.end()
    expect(await Promise.all(waiting)).toEqual([DONE, DONE])
  })
})

describe('fail', () => {
  test('drops what is queued and rejects one read, then the stream is done', async () => {
    const { stream, onClose } = openStream()
    stream.push(1)
    stream.fail(new Error('the source broke'))
    expect(onClose).not.toHaveBeenCalled()
    await expect(stream.next()).rejects.toThrow('the source broke')
    expect(await stream.next()).toEqual(DONE)
    expect(onClose).toHaveBeenCalledOnce()
  })

  test('rejects the first of the reads that wait, and ends the others', async () => {
    const { stream } = openStream()
    const [first, second] = [stream.next(), stream.next()]
    stream.fail(new Error('the source broke'))
    await expect(first).rejects.toThrow('the source broke')
    expect(await second).toEqual(DONE)
  })

  test('reaches a reader that waits for something other than a push', async () => {
    const { stream } = openStream(async function* () {
      yield await new Promise<number>(() => undefined)
    })
    const waiting = stream.next()
    stream.fail(new Error('the source broke'))
    await expect(waiting).rejects.toThrow('the source broke')
  })

  test('keeps the first error, and leaves no unhandled rejection if no one reads it', async () => {
    const onRejection = vi.fn<() => void>()
    process.on('unhandledRejection', onRejection)
    const [unread, read] = [openStream().stream, openStream().stream]
    unread.fail(new Error('first'))
    read.fail(new Error('first'))
    read.fail(new Error('second'))
    await expect(read.next()).rejects.toThrow('first')
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', onRejection)
    expect(onRejection).not.toHaveBeenCalled()
  })
})

describe('cut', () => {
  test('drops what is queued and delivers the given item as the last', async () => {
    const { stream, onClose } = openStream()
    stream.push(1)
    stream.cut(99)
    stream.cut(100)
    expect(await rest(stream)).toEqual([99])
    expect(onClose).toHaveBeenCalledOnce()
  })

  test('reaches a reader that waits, and ends the other reads', async () => {
    const { stream } = openStream()
    const waiting = [stream.next(), stream.next()]
    stream.cut(99)
    expect(await Promise.all(waiting)).toEqual([{ done: false, value: 99 }, DONE])
  })
})

describe('overflow', () => {
  test('is reported once and ends the stream with the given error', async () => {
    const { stream, onOverflow } = openStream()
    for (const item of [1, 2, 3, 4, 5, 6]) stream.push(item)
    stream.overflow()
    expect(onOverflow).toHaveBeenCalledOnce()
    await expect(stream.next()).rejects.toThrow('too slow')
  })

  test('does not close the stream while the producer pushes', async () => {
    const { stream, onClose } = openStream()
    const waiting = stream.next()
    stream.overflow()
    expect(onClose).not.toHaveBeenCalled()
    await expect(waiting).rejects.toThrow('too slow')
    expect(onClose).toHaveBeenCalledOnce()
  })

  test('is reported once even if its handler pushes again', () => {
    let overflows = 0
    const stream: PushStream<number> = new PushStream<number>({
      queue: new BoundedQueue({ maxItems: 0, maxBytes: 0 }, () => ({ bytes: 1, keep: 'durable' })),
      onOverflow: () => {
        overflows += 1
        stream.push(2)
      },
    })
    stream.push(1)
    expect(overflows).toBe(1)
  })
})

describe('return', () => {
  test('settles at once, and so do the reads that wait', async () => {
    const { stream, onClose } = openStream()
    const waiting = [stream.next(), stream.next()]
    expect(await stream.return()).toEqual(DONE)
    expect(await Promise.all(waiting)).toEqual([DONE, DONE])
    expect(onClose).toHaveBeenCalledOnce()
  })

  test('settles at once while the items wait for something that never comes', async () => {
    const { stream } = openStream(async function* () {
      yield await new Promise<number>(() => undefined)
    })
    const waiting = stream.next()
    expect(await stream.return()).toEqual(DONE)
    expect(await waiting).toEqual(DONE)
  })

  test('swallows an error of the items that comes later', async () => {
    const source = Promise.withResolvers<number>()
    const { stream } = openStream(async function* () {
      yield await source.promise
    })
    const waiting = stream.next()
    await stream.return()
    source.reject(new Error('too late'))
    expect(await waiting).toEqual(DONE)
  })

  test('closes once, however often it is called and whatever ended the stream before', async () => {
    const { stream, onClose } = openStream()
    stream.fail(new Error('the source broke'))
    await stream.return()
    await stream.return()
    expect(await stream.next()).toEqual(DONE)
    expect(onClose).toHaveBeenCalledOnce()
  })

  test('frees the queue, as every ending but end does', () => {
    for (const ending of ['return', 'overflow'] as const) {
      const { stream, queue } = openStream()
      stream.push(1)
      void stream[ending]()
      expect(queue.length).toBe(0)
    }
  })

  test('is what leaving a loop or a scope does', async () => {
    const [left, scoped] = [openStream(), openStream()]
    left.stream.push(1)
    for await (const _ of left.stream) break
    {
      await using _ = scoped.stream
    }
    expect(left.onClose).toHaveBeenCalledOnce()
    expect(scoped.onClose).toHaveBeenCalledOnce()
  })
})

describe('the items function', () => {
  test('starts with the first read and can put items before the pushed ones', async () => {
    const started = vi.fn<() => void>()
    const { stream } = openStream(async function* ({ pushed }) {
      started()
      yield 0
      yield* pushed()
    })
    stream.push(1)
    expect(started).not.toHaveBeenCalled()
    stream.end()
    expect(await rest(stream)).toEqual([0, 1])
  })

  test('closes the stream when it ends or throws', async () => {
    const ended = openStream(async function* () {
      yield 1
    })
    expect(await rest(ended.stream)).toEqual([1])
    expect(ended.onClose).toHaveBeenCalledOnce()
    const broken = openStream(async function* () {
      yield 1
      throw new Error('cannot read')
    })
    await broken.stream.next()
    await expect(broken.stream.next()).rejects.toThrow('cannot read')
    expect(await broken.stream.next()).toEqual(DONE)
    expect(broken.onClose).toHaveBeenCalledOnce()
  })

  test('sees whether items are queued, and when the stream closes', async () => {
    const seen: unknown[] = []
    const { stream } = openStream(async function* ({ hasQueued, pushed, signal }) {
      seen.push(hasQueued())
      signal.addEventListener('abort', () => seen.push('closed'))
      yield* pushed()
    })
    stream.push(1)
    await stream.next()
    await stream.return()
    expect(seen).toEqual([true, 'closed'])
  })
})

describe('onFlushed', () => {
  test('is called when the reader asks for the next item, also with two reads at a time', async () => {
    const { stream, onFlushed } = openStream()
    stream.push(1)
    stream.push(2)
    await Promise.all([stream.next(), stream.next()])
    expect(onFlushed).not.toHaveBeenCalled()
    const waiting = stream.next()
    expect(onFlushed.mock.calls).toEqual([[1], [2]])
    await stream.return()
    await waiting
    expect(onFlushed).toHaveBeenCalledTimes(2)
  })

  test('is not called for an item that the reader left with', async () => {
    const { stream, onFlushed } = openStream()
    stream.push(1)
    await stream.next()
    await stream.return()
    await stream.next()
    expect(onFlushed).not.toHaveBeenCalled()
  })
})

test('with a queue of the newest by key, a slow reader gets the newest of each key in order of change', async () => {
  type State = Readonly<{ user: string; value: number }>
  const stream = new PushStream<State>({ queue: new NewestByKeyQueue(({ user }) => user) })
  for (const value of [1, 2, 3]) for (const user of ['alice', 'bob']) stream.push({ user, value })
  stream.push({ user: 'alice', value: 4 })
  stream.end()
  expect(await Array.fromAsync(stream)).toEqual([
    { user: 'bob', value: 3 },
    { user: 'alice', value: 4 },
  ])
})

test('the call that closes the stream waits for onClose, and rejects if it rejects', async () => {
  const closing = Promise.withResolvers<void>()
  const stream = new PushStream<number>({ onClose: () => closing.promise })
  const [waiting, returned] = [stream.next(), stream.return()]
  expect(await waiting).toEqual(DONE)
  closing.reject(new Error('the source cannot end'))
  await expect(returned).rejects.toThrow('the source cannot end')
  expect(await stream.return()).toEqual(DONE)
})

test('without a queue of its own, a slow reader gets the newest item', async () => {
  const stream = new PushStream<number>({})
  stream.push(1)
  stream.push(2)
  stream.end()
  expect(await Array.fromAsync(stream)).toEqual([2])
})
