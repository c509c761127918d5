import { describe, expect, test, vi } from 'vitest'
import type { InboxItem } from '../../../src/delivery/inbox-item.ts'
import { sent } from '../../harness/fixtures/chat-events.ts'
import { listsOf, openStream, take } from './open-stream.ts'

const CAUGHT_UP: InboxItem = { type: 'CaughtUp', at: new Date(0) }
const DONE = { done: true, value: undefined }

describe('a reader that returns', () => {
  test('ends at once while it waits on a quiet stream, and so does its waiting read', async () => {
    const { stream, onClose } = openStream()
    const waiting = stream.next()
    expect(await stream.return()).toEqual(DONE)
    expect(await waiting).toEqual(DONE)
    expect(onClose).toHaveBeenCalledOnce()
  })

  test('ends at once while the log is being read, and what was read is not delivered', async () => {
    const reading = Promise.withResolvers<void>()
    const { stream, onClose } = openStream(async function* () {
      await reading.promise
      yield [sent('tea', 1)]
    })
    const waiting = stream.next()
    expect(await stream.return()).toEqual(DONE)
    expect(onClose).toHaveBeenCalledOnce()
    reading.resolve()
    expect(await waiting).toEqual(DONE)
  })

  test('gets done on every later read, and the stream closes once', async () => {
    const { stream, onClose } = openStream()
    stream.push(sent('tea', 1))
    await stream.return()
    stream.push(sent('tea', 2))
    await stream.return()
    expect([await stream.next(), await stream.next()]).toEqual([DONE, DONE])
    expect(onClose).toHaveBeenCalledOnce()
  })

  test('causes no reads if it never asked for an item', async () => {
    const started = vi.fn<() => void>()
    const { stream, onClose } = openStream(async function* () {
      started()
      yield [CAUGHT_UP]
    })
    await stream.return()
    expect(await stream.next()).toEqual(DONE)
    expect(started).not.toHaveBeenCalled()
    expect(onClose).toHaveBeenCalledOnce()
  })

  test('by leaving a loop closes the stream and aborts the signal of its phases', async () => {
    let signal: AbortSignal | undefined
    const { stream, onClose } = openStream(async function* (feed) {
      signal = feed.signal
      yield* listsOf(feed.pushed())
    })
    stream.push(sent('tea', 1))
    for await (const item of stream) {
      expect(item).toEqual(sent('tea', 1))
      break
    }
    expect(onClose).toHaveBeenCalledOnce()
    expect(signal?.aborted).toBe(true)
  })

  test('by leaving the scope closes the stream', async () => {
    const { stream, onClose } = openStream()
    {
      await using _ = stream
    }
    expect(onClose).toHaveBeenCalledOnce()
  })
})

describe('a stream whose phases end', () => {
  test('closes when they have ended', async () => {
    const { stream, onClose } = openStream(async function* () {
      yield [CAUGHT_UP]
    })
    expect(await take(stream, 1)).toEqual([CAUGHT_UP])
    expect(onClose).not.toHaveBeenCalled()
    expect(await stream.next()).toEqual(DONE)
    expect(onClose).toHaveBeenCalledOnce()
  })

  test('in an error rejects with that error, then closes', async () => {
    const { stream, onClose } = openStream(async function* () {
      yield [CAUGHT_UP]
      throw new Error('the log could not be read')
    })
    await take(stream, 1)
    await expect(stream.next()).rejects.toThrow('the log could not be read')
    expect(onClose).toHaveBeenCalledOnce()
    expect(await stream.next()).toEqual(DONE)
  })
})
