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
import { createHubWorld, type HubWorld } from './hub-world.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A chat that bob was let into by its third event. */
const LOG: readonly ChatEvent[] = range(1, 12).map((seq) =>
  seq === 3 ? memberAdded('tea', 3, bob) : sent('tea', seq),
)

function bobIn(chat: string, headSeq: number): MembershipHead {
  return { userId: bob, chatId: chatId(chat), joinedSeq: 3, headSeq, floorSeq: 0 }
}

function listen({ hub }: HubWorld): Subscription & { heard: EventQueue<LiveItem> } {
  const heard = new EventQueue<LiveItem>()
  return {
    heard,
    ...hub.subscribe({ userId: bob, push: (item) => heard.push(item), restart: () => undefined }),
  }
}

test('what is behind is read from the log up to where that reaches', async () => {
  const { hub, serve } = createHubWorld(LOG)
  const { heard } = serve(bob, ['tea'], 5)
  hub.reconcile([bobIn('tea', 8)])
  await vi.advanceTimersByTimeAsync(100)
  expect(seqsOf(heard.all)).toEqual([6, 7, 8])
})

test('what is not behind is left alone, and so are people who are not here', async () => {
  const { hub, reads, serve } = createHubWorld(LOG)
  serve(bob, ['tea'], 8)
  hub.reconcile([bobIn('tea', 8), bobIn('tea', 5), { ...bobIn('coffee', 9), userId: alice }])
  await vi.advanceTimersByTimeAsync(1_000)
  expect(reads.all).toEqual([])
})

test('who was let in by an event that never came here hears from that event on', async () => {
  const world = createHubWorld(LOG)
  const { heard, markLoaded } = listen(world)
  markLoaded()
  world.hub.reconcile([bobIn('tea', 8)])
  await vi.advanceTimersByTimeAsync(100)
  expect(seqsOf(heard.all)).toEqual(range(3, 8))
})

test('they do so also where the chat is so busy that something comes while the log is read', async () => {
  const world = createHubWorld(LOG)
  const { heard, markLoaded } = listen(world)
  markLoaded()
  world.hub.reconcile([bobIn('tea', 8)])
  for (const seq of range(9, 12)) {
    await vi.advanceTimersByTimeAsync(4)
    world.hub.deliver([sent('tea', seq)])
  }
  await vi.advanceTimersByTimeAsync(100)
  expect(seqsOf(heard.all)).toEqual(range(3, 12))
})

test('whoever is just being served their chats is not let in besides', async () => {
  const world = createHubWorld(LOG)
  const { heard } = listen(world)
  world.hub.reconcile([bobIn('tea', 8)])
  await vi.advanceTimersByTimeAsync(1_000)
  expect([heard.all, world.reads.all]).toEqual([[], []])
})

test('where they have gone meanwhile, the chat is forgotten again', async () => {
  const world = createHubWorld(LOG)
  const { markLoaded, dispose } = listen(world)
  markLoaded()
  world.hub.reconcile([bobIn('tea', 8)])
  dispose()
  await vi.advanceTimersByTimeAsync(1_000)
  const readsUntilThen = world.reads.all.length
  world.hub.deliver([sent('tea', 10)])
  await vi.advanceTimersByTimeAsync(1_000)
  expect(world.reads.all).toHaveLength(readsUntilThen)
})

describe('who was removed by an event that never came here', () => {
  /** Bob is in from 3 to 9. */
  const log = LOG.with(8, memberRemoved('tea', 9, bob))
  const bobWas = bobIn('tea', 9)

  test('hears of it, and of nothing after it', async () => {
    const { hub, serve } = createHubWorld(log)
    const { heard, markLoaded } = serve(bob, ['tea'], 6)
    markLoaded()
    serve(alice, ['tea'], 6)
    hub.reconcile([bobWas, { userId: alice, chatId: chatId('tea'), joinedSeq: 1, headSeq: 12, floorSeq: 0 }])
    await vi.advanceTimersByTimeAsync(100)
    expect(seqsOf(heard.all)).toEqual([7, 8, 9])
  })

  test('hears of it on this device as well, though another of theirs comes that knows', async () => {
    const { hub, serve, listen } = createHubWorld(log)
    const [phone, laptop] = [serve(bob, ['tea'], 6), listen(bob)]
    phone.markLoaded()
    hub.endMembership(bob, { chatId: chatId('tea'), leftSeq: 9 })
    laptop.markLoaded()
    await vi.advanceTimersByTimeAsync(100)
    expect(seqsOf(phone.heard.all)).toEqual([7, 8, 9])
  })

  test('hears of their whole time, where the event that let them in never came either', async () => {
    const { hub, listen } = createHubWorld(log)
    const { heard, markLoaded } = listen(bob)
    markLoaded()
    hub.reconcile([bobWas])
    await vi.advanceTimersByTimeAsync(100)
    expect(seqsOf(heard.all)).toEqual(range(3, 9))
  })

  test('starts over where the chat is heard of beyond their time', () => {
    const { hub, listen, serve } = createHubWorld(log)
    const { markLoaded, startOver } = listen(bob)
    markLoaded()
    serve(alice, ['tea'], 12)
    hub.reconcile([bobWas])
    expect(startOver).toHaveBeenCalledTimes(1)
  })

  test('hears of it once: what they were told, or knew when they came, is not owed to them', async () => {
    const { hub, reads, listen, serve } = createHubWorld(log)
    const told = serve(bob, ['tea'], 8)
    told.markLoaded()
    hub.deliver([memberRemoved('tea', 9, bob)])
    const late = listen(alice)
    hub.endMembership(alice, { chatId: chatId('tea'), leftSeq: 9 })
    late.markLoaded()
    hub.reconcile([bobWas, { ...bobWas, userId: alice }])
    await vi.advanceTimersByTimeAsync(1_000)
    expect(reads.all).toEqual([])
    expect([seqsOf(told.heard.all), late.heard.all]).toEqual([[9], []])
    expect(told.startOver).not.toHaveBeenCalled()
  })

  test('is let in again by what comes after it, and heard of from there', async () => {
    const again = log.with(10, memberAdded('tea', 11, bob))
    const { hub, serve } = createHubWorld(again)
    const { heard, markLoaded } = serve(bob, ['tea'], 8)
    markLoaded()
    hub.deliver([memberRemoved('tea', 9, bob)])
    hub.reconcile([{ ...bobWas, joinedSeq: 11, headSeq: 12 }])
    await vi.advanceTimersByTimeAsync(100)
    expect(seqsOf(heard.all)).toEqual([9, 11, 12])
  })
})
