import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { LiveItem } from '../../../src/events/signal.ts'
import {
  alice,
  bob,
  chatId,
  memberAdded,
  memberRemoved,
  range,
  sent,
  seqsOf,
} from '../../harness/fixtures/chat-events.ts'
import { createHubWorld, read } from './hub-world.ts'

/*
 * A gateway missed events of a chat for so long that they have left the log. Membership changes may be among them, so
 * it does not know the members any more.
 */

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const LOG = range(1, 9).map((seq) => (seq === 4 ? memberRemoved('tea', seq, bob) : sent('tea', seq)))

test.each([
  ['a part of it', 5],
  ['all of it', 8],
])(
  'if %s has left the log, all streams of the chat restart, and nothing is delivered',
  async (_, floorSeq) => {
    const { hub, floor, subscribeTo } = createHubWorld(LOG)
    const streams = [subscribeTo(alice, ['tea'], 2), subscribeTo(bob, ['tea'], 2)]
    const watching = vi.fn<() => void>()
    const delivered: LiveItem[] = []
    hub.subscribeToChat(
      { userId: alice, push: (item) => delivered.push(item), restart: watching },
      { chatId: chatId('tea'), headSeq: 2 },
    )
    streams[0]?.markLoaded()
    floor.seq = floorSeq
    hub.deliver([sent('tea', 9)])
    await vi.advanceTimersByTimeAsync(100)
    for (const stream of streams) {
      expect(stream.restart).toHaveBeenCalledOnce()
      expect(stream.delivered.all).toEqual([])
    }
    expect(watching).toHaveBeenCalledOnce()
    expect(delivered).toEqual([])
  },
)

test('serves the chat from its head after the restart', async () => {
  const { hub, floor, subscribeTo } = createHubWorld(LOG)
  const before = subscribeTo(alice, ['tea'], 2)
  floor.seq = 5
  hub.deliver([sent('tea', 9)])
  await vi.advanceTimersByTimeAsync(100)
  before.dispose()
  const { delivered } = subscribeTo(alice, ['tea'], 9)
  hub.deliver([sent('tea', 10)])
  expect(seqsOf(delivered.all)).toEqual([10])
})

test('repairs a gap that the log still has, after earlier events have left it', async () => {
  const { hub, floor, subscribeTo } = createHubWorld(LOG)
  const { delivered, restart } = subscribeTo(alice, ['tea'], 5)
  floor.seq = 5
  hub.deliver([sent('tea', 9)])
  await vi.advanceTimersByTimeAsync(100)
  expect(seqsOf(delivered.all)).toEqual([6, 7, 8, 9])
  expect(restart).not.toHaveBeenCalled()
})

test('restarts a user whose adding event was lost and has left the log, at the next resync', async () => {
  const { hub, floor, subscribe } = createHubWorld([
    ...range(1, 2).map((seq) => sent('tea', seq)),
    memberAdded('tea', 3, bob),
  ])
  const { delivered, restart, markLoaded } = subscribe(bob)
  markLoaded()
  floor.seq = 3
  hub.reconcile([{ userId: bob, ...read('tea', 3, 3), floorSeq: 3 }])
  await vi.advanceTimersByTimeAsync(100)
  expect(restart).toHaveBeenCalledOnce()
  expect(delivered.all).toEqual([])
})

test('restarts the stream that missed the chat, and serves a new one, after a reconnect', () => {
  const { hub, floor, subscribe } = createHubWorld()
  const [old, fresh] = [subscribe(bob), subscribe(bob)]
  old.markLoaded()
  floor.seq = 3
  expect(hub.addMembership(bob, { ...read('tea', 5, 3), floorSeq: 3 })).toBe(5)
  hub.deliver([sent('tea', 6)])
  expect(old.restart).toHaveBeenCalledOnce()
  expect(fresh.restart).not.toHaveBeenCalled()
  expect(seqsOf(fresh.delivered.all)).toEqual([6])
})
