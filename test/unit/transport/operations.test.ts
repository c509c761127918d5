import { expect, test, vi } from 'vitest'
import type { UserId } from '../../../src/ids.ts'
import { RunningOperations } from '../../../src/transport/websocket/operations.ts'

type Return = () => Promise<undefined>

const streamOf = (end = vi.fn<Return>(async () => undefined)): { return: typeof end } => ({ return: end })

test('an id is free as soon as the client completes its operation, whose work still counts', async () => {
  const operations = new RunningOperations()
  const first = operations.begin('same')
  expect(operations.has('same')).toBe(true)
  await operations.complete('same')
  expect([operations.has('same'), first.isWanted, operations.count]).toEqual([false, false, 1])
  const second = operations.begin('same')
  operations.end(first)
  expect([operations.has('same'), second.isWanted, operations.count]).toEqual([true, true, 1])
})

test('ends the stream of an operation that the client completes, also if the stream comes later', async () => {
  const operations = new RunningOperations()
  const [early, late] = [streamOf(), streamOf()]
  await operations.begin('early').attachStream(early)
  const operation = operations.begin('late')
  await operations.complete('early')
  await operations.complete('late')
  expect([early.return.mock.calls.length, late.return.mock.calls.length]).toEqual([1, 0])
  await operation.attachStream(late)
  expect(late.return).toHaveBeenCalledOnce()
})

const liveUse = (dispose: () => void) => ({ userId: 'alice' as UserId, dispose })

test('releases what an operation holds when its work is done, and not before', async () => {
  const operations = new RunningOperations()
  const operation = operations.begin('1')
  const [endSession, endLive] = [vi.fn<() => void>(), vi.fn<() => void>()]
  operation.attachSession({ session: undefined, dispose: endSession })
  operation.attachLive(liveUse(endLive))
  await operations.complete('1')
  expect([endSession.mock.calls, endLive.mock.calls]).toEqual([[], []])
  operations.end(operation)
  operations.end(operation)
  expect([endSession.mock.calls.length, endLive.mock.calls.length]).toEqual([1, 1])
})

test('the end of the connection ends all streams, and releases what is attached later', async () => {
  const operations = new RunningOperations()
  const [stream, late] = [streamOf(), streamOf()]
  const [endLive, endLater] = [vi.fn<() => void>(), vi.fn<() => void>()]
  const one = operations.begin('1')
  const other = operations.begin('2')
  await one.attachStream(stream)
  one.attachLive(liveUse(endLive))
  await operations.endAll()
  await other.attachStream(late)
  other.attachLive(liveUse(endLater))
  other.attachSession({ session: undefined, dispose: endLater })
  expect([stream.return.mock.calls.length, late.return.mock.calls.length]).toEqual([1, 1])
  expect([endLive.mock.calls.length, endLater.mock.calls.length, operations.count]).toEqual([1, 2, 0])
})
