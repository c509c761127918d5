import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { LiveItem } from '../../../src/gateway/live.ts'
import type { KnownHead } from '../../../src/gateway/membership-store.ts'
import type { Joined } from '../../../src/gateway/people.ts'
import { EventQueue } from '../../harness/event-queue.ts'
import { alice, bob, chatId, memberAdded, range, sent, seqsOf } from '../../harness/events.ts'
import { createHubWorld, type HubWorld } from './hub-world.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A chat that bob was let into by its third event. */
const LOG = range(1, 12).map((seq) => (seq === 3 ? memberAdded('tea', 3, bob) : sent('tea', seq)))

function bobIn(chat: string, headSeq: number): KnownHead {
  return { userId: bob, chatId: chatId(chat), joinedSeq: 3, headSeq }
}

function listen({ hub }: HubWorld): Joined & { heard: EventQueue<LiveItem> } {
  const heard = new EventQueue<LiveItem>()
  return { heard, ...hub.join({ userId: bob, push: (item) => heard.push(item), startOver: () => undefined }) }
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
  const { heard, settle } = listen(world)
  settle()
  world.hub.reconcile([bobIn('tea', 8)])
  await vi.advanceTimersByTimeAsync(100)
  expect(seqsOf(heard.all)).toEqual(range(3, 8))
})

test('they do so also where the chat is so busy that something comes while the log is read', async () => {
  const world = createHubWorld(LOG)
  const { heard, settle } = listen(world)
  settle()
  world.hub.reconcile([bobIn('tea', 8)])
  for (const seq of range(9, 12)) {
    await vi.advanceTimersByTimeAsync(4)
    world.hub.publish([sent('tea', seq)])
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
  const { settle, leave } = listen(world)
  settle()
  world.hub.reconcile([bobIn('tea', 8)])
  leave()
  await vi.advanceTimersByTimeAsync(1_000)
  const readsUntilThen = world.reads.all.length
  world.hub.publish([sent('tea', 10)])
  await vi.advanceTimersByTimeAsync(1_000)
  expect(world.reads.all).toHaveLength(readsUntilThen)
})
