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
 * A gateway heard nothing of a chat for so long that what it lacks has left the log. Whom that let in and removed can't be
 * known any more.
 */

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const LOG = range(1, 9).map((seq) => (seq === 4 ? memberRemoved('tea', seq, bob) : sent('tea', seq)))

test.each([
  ['a part of it', 5],
  ['all of it', 8],
])(
  'where %s has left the log, whoever hears of the chat starts over, and nothing is passed on',
  async (_, floorSeq) => {
    const { hub, floor, serve } = createHubWorld(LOG)
    const ears = [serve(alice, ['tea'], 2), serve(bob, ['tea'], 2)]
    const watching = vi.fn<() => void>()
    const heard: LiveItem[] = []
    hub.subscribeToChat(
      { userId: alice, push: (item) => heard.push(item), restart: watching },
      { chatId: chatId('tea'), headSeq: 2 },
    )
    ears[0]?.markLoaded()
    floor.seq = floorSeq
    hub.deliver([sent('tea', 9)])
    await vi.advanceTimersByTimeAsync(100)
    for (const ear of ears) {
      expect(ear.startOver).toHaveBeenCalledOnce()
      expect(ear.heard.all).toEqual([])
    }
    expect(watching).toHaveBeenCalledOnce()
    expect(heard).toEqual([])
  },
)

test('who comes back then is served the chat from its head on', async () => {
  const { hub, floor, serve } = createHubWorld(LOG)
  const before = serve(alice, ['tea'], 2)
  floor.seq = 5
  hub.deliver([sent('tea', 9)])
  await vi.advanceTimersByTimeAsync(100)
  before.dispose()
  const { heard } = serve(alice, ['tea'], 9)
  hub.deliver([sent('tea', 10)])
  expect(seqsOf(heard.all)).toEqual([10])
})

test('a hole that the log still has is filled, though what came before has left', async () => {
  const { hub, floor, serve } = createHubWorld(LOG)
  const { heard, startOver } = serve(alice, ['tea'], 5)
  floor.seq = 5
  hub.deliver([sent('tea', 9)])
  await vi.advanceTimersByTimeAsync(100)
  expect(seqsOf(heard.all)).toEqual([6, 7, 8, 9])
  expect(startOver).not.toHaveBeenCalled()
})

test('who was let in unheard by an entry that has left starts over, once the heads are compared', async () => {
  const { hub, floor, listen } = createHubWorld([
    ...range(1, 2).map((seq) => sent('tea', seq)),
    memberAdded('tea', 3, bob),
  ])
  const { heard, startOver, markLoaded } = listen(bob)
  markLoaded()
  floor.seq = 3
  hub.reconcile([{ userId: bob, ...read('tea', 3, 3), floorSeq: 3 }])
  await vi.advanceTimersByTimeAsync(100)
  expect(startOver).toHaveBeenCalledOnce()
  expect(heard.all).toEqual([])
})

test('where they come anew meanwhile, the stream that heard nothing starts over and the new one is served', () => {
  const { hub, floor, listen } = createHubWorld()
  const [old, fresh] = [listen(bob), listen(bob)]
  old.markLoaded()
  floor.seq = 3
  expect(hub.addMembership(bob, { ...read('tea', 5, 3), floorSeq: 3 })).toBe(5)
  hub.deliver([sent('tea', 6)])
  expect(old.startOver).toHaveBeenCalledOnce()
  expect(fresh.startOver).not.toHaveBeenCalled()
  expect(seqsOf(fresh.heard.all)).toEqual([6])
})
