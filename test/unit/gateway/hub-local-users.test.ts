import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import {
  alice,
  bob,
  carol,
  chatId,
  memberAdded,
  memberRemoved,
  range,
  receipt,
  sent,
  seqsOf,
} from '../../harness/fixtures/chat-events.ts'
import { EventQueue } from '../../harness/fixtures/event-queue.ts'
import type { LiveItem } from '../../../src/events/signal.ts'
import { createHubWorld, type HubWorld, read } from './hub-world.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Whether the hub repairs gaps of the chat. */
async function isRepaired({ hub, reads }: HubWorld, chat: string): Promise<boolean> {
  const before = reads.all.length
  hub.deliver([sent(chat, 1_000_000)])
  await vi.advanceTimersByTimeAsync(5_000)
  return reads.all.length > before
}

function subscribeToChat({ hub }: HubWorld, chat: string, headSeq: number) {
  const delivered = new EventQueue<LiveItem>()
  const subscriber = {
    userId: alice,
    push: (item: LiveItem) => delivered.push(item),
    restart: () => undefined,
  }
  const subscription = hub.subscribeToChat(subscriber, { chatId: chatId(chat), headSeq })
  if (subscription === 'stale') throw new Error('the members have not changed')
  return { delivered, ...subscription }
}

describe('a user with live streams', () => {
  test('receives each chat from its snapshot on, on every stream', () => {
    const { hub, subscribeTo, subscribe } = createHubWorld()
    const [phone, laptop] = [subscribeTo(bob, ['tea'], 4), subscribe(bob)]
    hub.deliver([sent('tea', 4), sent('tea', 5), sent('coffee', 1)])
    expect([seqsOf(phone.delivered.all), seqsOf(laptop.delivered.all)]).toEqual([[5], [5]])
  })

  test('addMembership returns the last delivered event, whether the snapshot is newer or older', () => {
    const { hub, subscribeTo } = createHubWorld()
    subscribeTo(alice, ['tea'], 4)
    subscribeTo(bob, [], 0)
    expect(hub.addMembership(bob, read('coffee', 7))).toBe(7)
    expect(hub.addMembership(bob, read('tea', 9))).toBe(4)
    hub.deliver([sent('tea', 5)])
    expect(hub.addMembership(bob, read('tea', 3))).toBe(5)
  })

  test('is registered from the begin of the first stream to the end of the last', () => {
    const { registeredIds, subscribe } = createHubWorld()
    const [phone, laptop] = [subscribe(bob), subscribe(bob)]
    phone.dispose()
    phone.dispose()
    expect(registeredIds).toEqual(new Set([bob]))
    laptop.dispose()
    expect(registeredIds).toEqual(new Set())
  })
})

describe('membership changes', () => {
  test('are reported for chats that are not served, and for events that gap repair read', async () => {
    const { hub, subscribeTo, log, changed } = createHubWorld([
      memberAdded('coffee', 1, bob),
      memberRemoved('coffee', 2, bob),
      sent('coffee', 3),
    ])
    hub.deliver([memberAdded('tea', 7, carol), sent('tea', 8), memberRemoved('tea', 9, carol)])
    expect(changed).toEqual([carol, carol])
    subscribeTo(alice, ['coffee'], 0)
    hub.deliver(log.slice(2))
    await vi.advanceTimersByTimeAsync(1_000)
    expect(changed).toEqual([carol, carol, bob, bob])
  })

  test('trackUser registers the user without a stream', () => {
    const { hub, registeredIds } = createHubWorld()
    const [one, other] = [hub.trackUser(bob), hub.trackUser(bob)]
    expect([...hub.userIds()]).toEqual([bob])
    one.dispose()
    expect(registeredIds).toEqual(new Set([bob]))
    other.dispose()
    expect(registeredIds).toEqual(new Set())
  })
})

describe('a user whose stream has ended', () => {
  test('receives nothing on it, while the other stream continues', () => {
    const { hub, subscribeTo, subscribe } = createHubWorld()
    const [phone, laptop] = [subscribeTo(bob, ['tea'], 0), subscribe(bob)]
    hub.deliver([sent('tea', 1)])
    phone.dispose()
    hub.deliver([sent('tea', 2)])
    expect([seqsOf(phone.delivered.all), seqsOf(laptop.delivered.all)]).toEqual([[1], [1, 2]])
  })

  test('leaves no chat behind that is repaired', async () => {
    const world = createHubWorld()
    const { dispose } = world.subscribeTo(bob, ['tea', 'coffee'], 0)
    expect(await isRepaired(world, 'tea')).toBe(true)
    dispose()
    expect([await isRepaired(world, 'tea'), await isRepaired(world, 'coffee')]).toEqual([false, false])
  })

  test('does not affect other members of the chats', () => {
    const { hub, subscribeTo } = createHubWorld()
    const [aliceStream, bobStream] = [subscribeTo(alice, ['tea'], 0), subscribeTo(bob, ['tea'], 0)]
    bobStream.dispose()
    hub.deliver([sent('tea', 1)])
    expect(seqsOf(aliceStream.delivered.all)).toEqual([1])
  })

  test('is not served chats by snapshots or events', async () => {
    const world = createHubWorld()
    const { dispose } = world.subscribeTo(bob, [], 0)
    dispose()
    expect(world.hub.addMembership(bob, read('tea', 5))).toBe(5)
    world.hub.deliver([memberAdded('coffee', 1, bob)])
    expect([await isRepaired(world, 'tea'), await isRepaired(world, 'coffee')]).toEqual([false, false])
  })

  test('starts anew after a reconnect, which disposing the old stream again does not end', () => {
    const { hub, registeredIds, subscribeTo } = createHubWorld()
    const before = subscribeTo(bob, ['tea'], 0)
    before.dispose()
    const after = subscribeTo(bob, ['tea'], 8)
    before.dispose()
    hub.deliver([sent('tea', 9)])
    expect([seqsOf(before.delivered.all), seqsOf(after.delivered.all)]).toEqual([[], [9]])
    expect(registeredIds).toEqual(new Set([bob]))
  })
})

describe('a stream of one chat', () => {
  test('receives events and receipts of that chat alone, after the last delivered event', () => {
    const world = createHubWorld()
    world.subscribeTo(bob, ['tea', 'coffee'], 4)
    world.hub.deliver([sent('tea', 5)])
    const { delivered, lastSeq } = subscribeToChat(world, 'tea', 4)
    expect(lastSeq).toBe(5)
    world.hub.deliver([sent('tea', 6), sent('coffee', 5)])
    world.hub.deliverSignals([receipt('tea', bob, 6), receipt('coffee', bob, 5)])
    expect(delivered.all).toEqual([sent('tea', 6), receipt('tea', bob, 6)])
  })

  test("receives everything once, if the user's inbox is served the chat too", () => {
    const world = createHubWorld()
    const inbox = world.subscribeTo(alice, ['tea'], 0)
    const { delivered } = subscribeToChat(world, 'tea', 0)
    world.hub.deliver([sent('tea', 1)])
    expect([seqsOf(delivered.all), seqsOf(inbox.delivered.all)]).toEqual([[1], [1]])
  })

  test('receives missed events from the log', async () => {
    const world = createHubWorld(range(1, 9).map((seq) => sent('tea', seq)))
    const { delivered } = subscribeToChat(world, 'tea', 4)
    world.hub.deliver([sent('tea', 7)])
    await vi.advanceTimersByTimeAsync(100)
    expect(seqsOf(delivered.all)).toEqual([5, 6, 7])
  })

  test('receives nothing after it is disposed, and leaves nothing behind', async () => {
    const world = createHubWorld()
    const { delivered, dispose } = subscribeToChat(world, 'tea', 0)
    expect(world.registeredIds).toEqual(new Set([alice]))
    dispose()
    dispose()
    expect(await isRepaired(world, 'tea')).toBe(false)
    world.hub.deliver([sent('tea', 1)])
    expect([delivered.all, world.registeredIds]).toEqual([[], new Set()])
  })

  test("does not end the user's other streams when it is disposed", () => {
    const world = createHubWorld()
    const inbox = world.subscribeTo(alice, ['tea'], 0)
    subscribeToChat(world, 'tea', 0).dispose()
    world.hub.deliver([sent('tea', 1)])
    expect(seqsOf(inbox.delivered.all)).toEqual([1])
    expect(world.registeredIds).toEqual(new Set([alice]))
  })
})
