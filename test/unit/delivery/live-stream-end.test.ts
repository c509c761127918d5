import { describe, expect, test, vi } from 'vitest'
import type { InboxItem } from '../../../src/delivery/inbox-item.ts'
import { sent } from '../../harness/people/events.ts'
import { openStream, take } from './open-stream.ts'

const CAUGHT_UP: InboxItem = { type: 'CaughtUp', at: new Date(0) }
const DONE = { done: true, value: undefined }

describe('a reader who goes away', () => {
  test('while waiting on a quiet stream is done at once, and so is what they waited for', async () => {
    const { stream, onClose } = openStream()
    const waiting = stream.next()
    expect(await stream.return()).toEqual(DONE)
    expect(await waiting).toEqual(DONE)
    expect(onClose).toHaveBeenCalledOnce()
  })

  test('while the log is being read is done at once, and what was read is not delivered', async () => {
    const reading = Promise.withResolvers<void>()
    const { stream, onClose } = openStream(async function* () {
      await reading.promise
      yield sent('tea', 1)
    })
    const waiting = stream.next()
    expect(await stream.return()).toEqual(DONE)
    expect(onClose).toHaveBeenCalledOnce()
    reading.resolve()
    expect(await waiting).toEqual(DONE)
  })

  test('is told that it is over however often they ask, and released once', async () => {
    const { stream, onClose } = openStream()
    stream.push(sent('tea', 1))
    await stream.return()
    stream.push(sent('tea', 2))
    await stream.return()
    expect([await stream.next(), await stream.next()]).toEqual([DONE, DONE])
    expect(onClose).toHaveBeenCalledOnce()
  })

  test('before asking for anything causes nothing to be read', async () => {
    const begun = vi.fn<() => void>()
    const { stream, onClose } = openStream(async function* () {
      begun()
      yield CAUGHT_UP
    })
    await stream.return()
    expect(await stream.next()).toEqual(DONE)
    expect(begun).not.toHaveBeenCalled()
    expect(onClose).toHaveBeenCalledOnce()
  })

  test('in the middle of a loop is released, and the phases are told by their signal', async () => {
    let signal: AbortSignal | undefined
    const { stream, onClose } = openStream(async function* (feed) {
      signal = feed.signal
      yield* feed.pushed()
    })
    stream.push(sent('tea', 1))
    for await (const item of stream) {
      expect(item).toEqual(sent('tea', 1))
      break
    }
    expect(onClose).toHaveBeenCalledOnce()
    expect(signal?.aborted).toBe(true)
  })

  test('by leaving the scope is released', async () => {
    const { stream, onClose } = openStream()
    {
      await using _ = stream
    }
    expect(onClose).toHaveBeenCalledOnce()
  })
})

describe('a stream whose phases end', () => {
  test('is over and released when they are through', async () => {
    const { stream, onClose } = openStream(async function* () {
      yield CAUGHT_UP
    })
    expect(await take(stream, 1)).toEqual([CAUGHT_UP])
    expect(onClose).not.toHaveBeenCalled()
    expect(await stream.next()).toEqual(DONE)
    expect(onClose).toHaveBeenCalledOnce()
  })

  test('in an error tells the reader that error, is released, and over', async () => {
    const { stream, onClose } = openStream(async function* () {
      yield CAUGHT_UP
      throw new Error('the log could not be read')
    })
    await take(stream, 1)
    await expect(stream.next()).rejects.toThrow('the log could not be read')
    expect(onClose).toHaveBeenCalledOnce()
    expect(await stream.next()).toEqual(DONE)
  })
})
