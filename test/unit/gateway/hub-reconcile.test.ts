import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { ChatEvent } from '../../../src/events/chat-event.ts'
import type { LiveItem } from '../../../src/events/signal.ts'
import type { MembershipHead } from '../../../src/gateway/membership-store.ts'
import type { Subscription } from '../../../src/gateway/hub.ts'
import { EventQueue } from '../../harness/fixtures/event-queue.ts'
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
import { createHubWorld, detached, type HubWorld } from './hub-world.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** The third event adds bob. */
const LOG: readonly ChatEvent[] = range(1, 12).map((seq) =>
  seq === 3 ? memberAdded('tea', 3, bob) : sent('tea', seq),
)

function bobsMembership(chat: string, headSeq: number): MembershipHead {
  return { userId: bob, chatId: chatId(chat), joinedSeq: 3, headSeq, floorSeq: 0 }
}

function subscribe({ hub }: HubWorld): Subscription & { delivered: EventQueue<LiveItem> } {
  const delivered = new EventQueue<LiveItem>()
  return {
    delivered,
    ...detached(
      hub.subscribe({ userId: bob, push: (item) => delivered.push(item), restart: () => undefined }),
    ),
  }
}

test('reads the log up to the given head', async () => {
  const { hub, subscribeTo } = createHubWorld(LOG)
  const { delivered } = subscribeTo(bob, ['tea'], 5)
  hub.reconcile([bobsMembership('tea', 8)])
  await vi.advanceTimersByTimeAsync(100)
  expect(seqsOf(delivered.all)).toEqual([6, 7, 8])
})

test('ignores chats that are not behind, and users who are not connected', async () => {
  const { hub, reads, subscribeTo } = createHubWorld(LOG)
  subscribeTo(bob, ['tea'], 8)
  hub.reconcile([
    bobsMembership('tea', 8),
    bobsMembership('tea', 5),
    { ...bobsMembership('coffee', 9), userId: alice },
  ])
  await vi.advanceTimersByTimeAsync(1_000)
  expect(reads.all).toEqual([])
})

test('delivers a chat from the lost event that added the user', async () => {
  const world = createHubWorld(LOG)
  const { delivered, markLoaded } = subscribe(world)
  markLoaded()
  world.hub.reconcile([bobsMembership('tea', 8)])
  await vi.advanceTimersByTimeAsync(100)
  expect(seqsOf(delivered.all)).toEqual(range(3, 8))
})

test('delivers such a chat while new events arrive during the read', async () => {
  const world = createHubWorld(LOG)
  const { delivered, markLoaded } = subscribe(world)
  markLoaded()
  world.hub.reconcile([bobsMembership('tea', 8)])
  for (const seq of range(9, 12)) {
    await vi.advanceTimersByTimeAsync(4)
    world.hub.deliver([sent('tea', seq)])
  }
  await vi.advanceTimersByTimeAsync(100)
  expect(seqsOf(delivered.all)).toEqual(range(3, 12))
})

test('does not serve a chat to a user whose memberships are still being added', async () => {
  const world = createHubWorld(LOG)
  const { delivered } = subscribe(world)
  world.hub.reconcile([bobsMembership('tea', 8)])
  await vi.advanceTimersByTimeAsync(1_000)
  expect([delivered.all, world.reads.all]).toEqual([[], []])
})

test('drops the chat if the user disconnects meanwhile', async () => {
  const world = createHubWorld(LOG)
  const { markLoaded, dispose } = subscribe(world)
  markLoaded()
  world.hub.reconcile([bobsMembership('tea', 8)])
  dispose()
  await vi.advanceTimersByTimeAsync(1_000)
  const readsUntilThen = world.reads.all.length
  world.hub.deliver([sent('tea', 10)])
  await vi.advanceTimersByTimeAsync(1_000)
  expect(world.reads.all).toHaveLength(readsUntilThen)
})

describe('a user whose removal was lost', () => {
  /** Bob is a member from 3 to 9. */
  const log = LOG.with(8, memberRemoved('tea', 9, bob))
  const bobsPastMembership = bobsMembership('tea', 9)

  test('receives it, and nothing later', async () => {
    const { hub, subscribeTo } = createHubWorld(log)
    const { delivered, markLoaded } = subscribeTo(bob, ['tea'], 6)
    markLoaded()
    subscribeTo(alice, ['tea'], 6)
    hub.reconcile([
      bobsPastMembership,
      { userId: alice, chatId: chatId('tea'), joinedSeq: 1, headSeq: 12, floorSeq: 0 },
    ])
    await vi.advanceTimersByTimeAsync(100)
    expect(seqsOf(delivered.all)).toEqual([7, 8, 9])
  })

  test('receives it on this device, if another device has read it', async () => {
    const { hub, subscribeTo, subscribe } = createHubWorld(log)
    const [phone, laptop] = [subscribeTo(bob, ['tea'], 6), subscribe(bob)]
    phone.markLoaded()
    hub.endMembership(bob, { chatId: chatId('tea'), leftSeq: 9 })
    laptop.markLoaded()
    await vi.advanceTimersByTimeAsync(100)
    expect(seqsOf(phone.delivered.all)).toEqual([7, 8, 9])
  })

  test('receives the whole membership, if the adding event was lost too', async () => {
    const { hub, subscribe } = createHubWorld(log)
    const { delivered, markLoaded } = subscribe(bob)
    markLoaded()
    hub.reconcile([bobsPastMembership])
    await vi.advanceTimersByTimeAsync(100)
    expect(seqsOf(delivered.all)).toEqual(range(3, 9))
  })

  test('restarts if the feed is beyond the membership', () => {
    const { hub, subscribe, subscribeTo } = createHubWorld(log)
    const { markLoaded, restart } = subscribe(bob)
    markLoaded()
    subscribeTo(alice, ['tea'], 12)
    hub.reconcile([bobsPastMembership])
    expect(restart).toHaveBeenCalledTimes(1)
  })

  test('does not receive it again, if it was delivered or read before', async () => {
    const { hub, reads, subscribe, subscribeTo } = createHubWorld(log)
    const known = subscribeTo(bob, ['tea'], 8)
    known.markLoaded()
    hub.deliver([memberRemoved('tea', 9, bob)])
    const late = subscribe(alice)
    hub.endMembership(alice, { chatId: chatId('tea'), leftSeq: 9 })
    late.markLoaded()
    hub.reconcile([bobsPastMembership, { ...bobsPastMembership, userId: alice }])
    await vi.advanceTimersByTimeAsync(1_000)
    expect(reads.all).toEqual([])
    expect([seqsOf(known.delivered.all), late.delivered.all]).toEqual([[9], []])
    expect(known.restart).not.toHaveBeenCalled()
  })

  test('receives a later membership from the event that begins it', async () => {
    const again = log.with(10, memberAdded('tea', 11, bob))
    const { hub, subscribeTo } = createHubWorld(again)
    const { delivered, markLoaded } = subscribeTo(bob, ['tea'], 8)
    markLoaded()
    hub.deliver([memberRemoved('tea', 9, bob)])
    hub.reconcile([{ ...bobsPastMembership, joinedSeq: 11, headSeq: 12 }])
    await vi.advanceTimersByTimeAsync(100)
    expect(seqsOf(delivered.all)).toEqual([9, 11, 12])
  })
})
