import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { ChatEvent } from '../../../src/events/chat-event.ts'
import {
  alice,
  bob,
  carol,
  chatId,
  memberAdded,
  memberRemoved,
  range,
} from '../../harness/fixtures/chat-events.ts'
import { receipt, sent, seqsOf } from '../../harness/fixtures/chat-events.ts'
import { createHubWorld, type HubWorld, read } from './hub-world.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('a user who is added by an event', () => {
  test('receives that event and later ones, and nothing earlier', () => {
    const { hub, subscribeTo, subscribe } = createHubWorld()
    subscribeTo(alice, ['tea'], 0)
    const { delivered } = subscribe(bob)
    hub.deliver([sent('tea', 1), memberAdded('tea', 2, bob), sent('tea', 3)])
    expect(delivered.all).toEqual([memberAdded('tea', 2, bob), sent('tea', 3)])
  })

  test('makes the gateway serve the chat', () => {
    const { hub, subscribe } = createHubWorld()
    const { delivered } = subscribe(bob)
    hub.deliver([sent('tea', 1), sent('tea', 2, { joined: [alice, bob] }), sent('tea', 3)])
    expect(seqsOf(delivered.all)).toEqual([2, 3])
  })

  test('receives it on all devices', () => {
    const { hub, subscribe } = createHubWorld()
    const [phone, laptop] = [subscribe(bob), subscribe(bob)]
    hub.deliver([memberAdded('tea', 1, bob)])
    expect([phone.delivered.all, laptop.delivered.all]).toEqual([
      [memberAdded('tea', 1, bob)],
      [memberAdded('tea', 1, bob)],
    ])
  })

  test('does not make a gateway without the user serve the chat', async () => {
    const { hub, reads, subscribe } = createHubWorld()
    const { delivered } = subscribe(carol)
    hub.deliver([memberAdded('tea', 1, bob), sent('tea', 3)])
    await vi.advanceTimersByTimeAsync(1_000)
    expect([delivered.all, reads.all]).toEqual([[], []])
  })

  test('stays served if the same events remove the last other local member', () => {
    const { hub, subscribeTo, subscribe } = createHubWorld()
    subscribeTo(bob, ['tea'], 1)
    const { delivered } = subscribe(carol)
    hub.deliver([memberAdded('tea', 3, carol)])
    hub.deliver([memberRemoved('tea', 2, bob)])
    hub.deliver([sent('tea', 4)])
    expect(seqsOf(delivered.all)).toEqual([3, 4])
  })

  test('receives the event once, if a gap was being read for a user who has left meanwhile', async () => {
    const { hub, log, reads, interceptReads, subscribeTo, subscribe } = createHubWorld()
    log.push(memberAdded('tea', 1, carol), sent('tea', 2))
    const reading = Promise.withResolvers<void>()
    interceptReads(() => reading.promise)
    const aliceStream = subscribeTo(alice, ['tea'], 0)
    const { delivered } = subscribe(carol)
    hub.deliver([sent('tea', 2)])
    await vi.advanceTimersByTimeAsync(10)
    await reads.next()
    aliceStream.dispose()
    reading.resolve()
    await vi.advanceTimersByTimeAsync(100)
    hub.deliver([memberAdded('tea', 1, carol), sent('tea', 2)])
    expect(seqsOf(delivered.all)).toEqual([1, 2])
  })
})

describe('a user who is removed', () => {
  test('receives the event that removes them, and nothing later', () => {
    const { hub, subscribeTo } = createHubWorld()
    const [aliceStream, bobStream] = [subscribeTo(alice, ['tea'], 0), subscribeTo(bob, ['tea'], 0)]
    hub.deliver([sent('tea', 1), memberRemoved('tea', 2, bob), sent('tea', 3)])
    hub.deliverSignals([receipt('tea', alice, 3)])
    expect(bobStream.delivered.all).toEqual([sent('tea', 1), memberRemoved('tea', 2, bob)])
    expect(seqsOf(aliceStream.delivered.all)).toEqual([1, 2, 3])
  })

  test('receives nothing later, if later events arrive first', () => {
    const { hub, subscribeTo } = createHubWorld()
    const { delivered } = subscribeTo(bob, ['tea'], 0)
    for (const event of [sent('tea', 3), memberRemoved('tea', 2, bob), sent('tea', 1)]) hub.deliver([event])
    expect(seqsOf(delivered.all)).toEqual([1, 2])
  })

  test('receives nothing later, if the event itself is read by gap repair', async () => {
    const { hub, subscribeTo } = createHubWorld([
      sent('tea', 1),
      memberRemoved('tea', 2, bob),
      sent('tea', 3),
    ])
    const { delivered } = subscribeTo(bob, ['tea'], 0)
    hub.deliver([sent('tea', 4)])
    await vi.advanceTimersByTimeAsync(100)
    expect(seqsOf(delivered.all)).toEqual([1, 2])
  })

  test('leaves nothing of the chat behind as the last local member', async () => {
    const { hub, reads, subscribeTo } = createHubWorld()
    subscribeTo(bob, ['tea'], 0)
    hub.deliver([memberRemoved('tea', 1, bob), sent('tea', 5)])
    await vi.advanceTimersByTimeAsync(1_000)
    expect(reads.all).toEqual([])
  })

  test('still receives their other chats', () => {
    const { hub, subscribeTo } = createHubWorld()
    const { delivered } = subscribeTo(bob, ['tea', 'coffee'], 0)
    hub.deliver([memberRemoved('tea', 1, bob), sent('coffee', 1)])
    expect(delivered.all).toEqual([memberRemoved('tea', 1, bob), sent('coffee', 1)])
  })

  test('receives the chat again from the event that adds them again', () => {
    const { hub, subscribeTo } = createHubWorld()
    const { delivered } = subscribeTo(bob, ['tea'], 0)
    subscribeTo(alice, ['tea'], 0)
    hub.deliver([memberRemoved('tea', 1, bob), sent('tea', 2), memberAdded('tea', 3, bob), sent('tea', 4)])
    expect(seqsOf(delivered.all)).toEqual([1, 3, 4])
  })
})

describe('a snapshot from before a membership change', () => {
  test('is rejected if the user may have been removed since, and nothing is delivered', () => {
    const { hub, subscribeTo, subscribe } = createHubWorld()
    subscribeTo(alice, ['tea'], 4)
    const { delivered } = subscribe(bob)
    hub.deliver([sent('tea', 5), memberRemoved('tea', 6, bob), sent('tea', 7)])
    expect(hub.addMembership(bob, read('tea', 4))).toBe('stale')
    hub.deliver([sent('tea', 8)])
    expect(delivered.all).toEqual([])
  })

  test('is rejected if the removed user was the only local member', async () => {
    const { hub, reads, subscribeTo, subscribe } = createHubWorld()
    const phone = subscribeTo(bob, ['tea'], 4)
    const laptop = subscribe(bob)
    hub.deliver([memberRemoved('tea', 5, bob)])
    expect(hub.addMembership(bob, read('tea', 4))).toBe('stale')
    hub.deliver([sent('tea', 6)])
    await vi.advanceTimersByTimeAsync(1_000)
    expect([seqsOf(phone.delivered.all), seqsOf(laptop.delivered.all), reads.all]).toEqual([[5], [5], []])
  })

  test('is rejected if the chat is not served here', () => {
    const { hub, subscribe } = createHubWorld()
    const { delivered } = subscribe(bob)
    hub.deliver([memberRemoved('tea', 5, bob)])
    expect(hub.addMembership(bob, read('tea', 4))).toBe('stale')
    expect(delivered.all).toEqual([])
  })

  test('is accepted if it has the change, or if only messages came since', () => {
    const { hub, subscribeTo, subscribe } = createHubWorld()
    subscribeTo(alice, ['tea'], 4)
    subscribe(bob)
    hub.deliver([memberRemoved('tea', 5, carol), sent('tea', 6)])
    expect(hub.addMembership(bob, read('tea', 5))).toBe(6)
  })

  test('does not deliver events from before the membership, if the feed is behind it', async () => {
    const log = [sent('tea', 5), memberAdded('tea', 6, bob), sent('tea', 7)]
    const { hub, subscribeTo, subscribe } = createHubWorld(log)
    const aliceStream = subscribeTo(alice, ['tea'], 4)
    const { delivered } = subscribe(bob)
    expect(hub.addMembership(bob, read('tea', 7, 6))).toBe(4)
    await vi.advanceTimersByTimeAsync(100)
    expect([seqsOf(delivered.all), seqsOf(aliceStream.delivered.all)]).toEqual([
      [6, 7],
      [5, 6, 7],
    ])
  })

  test('does not undo an event that added the user since', () => {
    const { hub, subscribeTo, subscribe } = createHubWorld()
    subscribeTo(alice, ['tea'], 4)
    const { delivered } = subscribe(bob)
    hub.deliver([memberAdded('tea', 5, bob)])
    expect(hub.addMembership(bob, read('tea', 4, 2))).toBe('stale')
    hub.deliver([sent('tea', 6)])
    expect(hub.addMembership(bob, read('tea', 6, 5))).toBe(6)
    hub.deliver([sent('tea', 7)])
    expect(seqsOf(delivered.all)).toEqual([5, 6, 7])
  })

  test('is rejected for a stream of that chat', () => {
    const { hub, subscribeTo } = createHubWorld()
    subscribeTo(alice, ['tea'], 4)
    hub.deliver([memberRemoved('tea', 5, bob)])
    const delivered: unknown[] = []
    const subscriber = {
      userId: bob,
      push: (item: unknown) => void delivered.push(item),
      restart: () => undefined,
    }
    expect(hub.subscribeToChat(subscriber, read('tea', 4))).toBe('stale')
    hub.deliver([sent('tea', 6)])
    expect(delivered).toEqual([])
  })
})

describe('a connected user whose adding event comes late', () => {
  const log = [sent('tea', 1), memberAdded('tea', 2, bob), sent('tea', 3)]

  test('receives the chat from that event on, if another device has read more', async () => {
    const { hub, subscribe } = createHubWorld(log)
    const [phone, laptop] = [subscribe(bob), subscribe(bob)]
    phone.markLoaded()
    expect(hub.addMembership(bob, read('tea', 3, 2))).toBe(1)
    laptop.markLoaded()
    hub.deliver([memberAdded('tea', 2, bob), sent('tea', 3)])
    await vi.advanceTimersByTimeAsync(100)
    expect(seqsOf(phone.delivered.all)).toEqual([2, 3])
    expect(phone.restart).not.toHaveBeenCalled()
  })

  test('restarts if the feed is beyond it, by the event, a resync or a snapshot', () => {
    const causes: ((hub: HubWorld['hub']) => unknown)[] = [
      (hub) => hub.deliver([memberAdded('tea', 2, bob)]),
      (hub) => hub.reconcile([{ userId: bob, chatId: chatId('tea'), joinedSeq: 2, floorSeq: 0, headSeq: 3 }]),
      (hub) => hub.addMembership(bob, read('tea', 3, 2)),
    ]
    for (const cause of causes) {
      const { hub, subscribeTo, subscribe } = createHubWorld(log)
      const [phone, laptop] = [subscribe(bob), subscribe(bob)]
      phone.markLoaded()
      const aliceStream = subscribeTo(alice, ['tea'], 3)
      aliceStream.markLoaded()
      if (cause === causes[1]) laptop.markLoaded()
      cause(hub)
      expect(phone.restart).toHaveBeenCalledTimes(1)
      expect(aliceStream.restart).not.toHaveBeenCalled()
    }
  })

  test('does not restart if they are served the chat, or were removed by a delivered event', () => {
    const { hub, subscribeTo } = createHubWorld(log)
    const [aliceStream, bobStream] = [subscribeTo(alice, ['tea'], 3), subscribeTo(bob, ['tea'], 3)]
    bobStream.markLoaded()
    hub.deliver([memberAdded('tea', 2, bob)])
    hub.deliver([memberRemoved('tea', 4, bob)])
    hub.reconcile([{ userId: bob, chatId: chatId('tea'), joinedSeq: 2, floorSeq: 0, headSeq: 3 }])
    expect(bobStream.restart).not.toHaveBeenCalled()
    expect(seqsOf(aliceStream.delivered.all)).toEqual([4])
  })
})

test("a new stream receives exactly its user's memberships, for any position of the feed and age of the snapshot", async () => {
  // Bob is a member from 3 to 5 and from 8 to 10.
  const log: ChatEvent[] = range(1, 12).map((seq) => sent('tea', seq))
  for (const [first, last] of MEMBERSHIPS) {
    log[first - 1] = memberAdded('tea', first, bob)
    log[last - 1] = memberRemoved('tea', last, bob)
  }
  const membershipAt = (head: number) => MEMBERSHIPS.toReversed().find(([first]) => first <= head)
  const seq = fc.integer({ min: 0, max: 12 })
  await fc.assert(
    fc.asyncProperty(seq, seq, fc.boolean(), async (published, readAt, isServedToAlice) => {
      const { hub, subscribeTo, subscribe } = createHubWorld(log)
      if (isServedToAlice) subscribeTo(alice, ['tea'], 0)
      const { delivered } = subscribe(bob)
      // All published events were committed, but bob's read may have begun before.
      hub.deliver(log.slice(0, published))
      const deliveredBefore = delivered.all.length
      const served = connect(hub, [readAt, published])
      hub.deliver(log.slice(published))
      hub.reconcile([])
      await vi.advanceTimersByTimeAsync(100)
      const mine = seqsOf(delivered.all).filter((one) => one > served)
      expect(seqsOf(delivered.all).every((one) => BOB_SEQS.has(one))).toBe(true)
      expect(mine).toEqual([...BOB_SEQS].filter((one) => one > served))
      expect(deliveredBefore).toBeLessThanOrEqual(published)
    }),
  )

  /** Reads until the snapshot is not stale. Returns the seq after which events are pushed to bob. */
  function connect(hub: HubWorld['hub'], reads: readonly number[]): number {
    for (const headSeq of reads) {
      const [joinedSeq, leftSeq] = membershipAt(headSeq) ?? [Infinity, 0]
      if (headSeq === 0 || joinedSeq === Infinity) return headSeq
      if (leftSeq <= headSeq) return hub.endMembership(bob, { chatId: chatId('tea'), leftSeq }) ?? headSeq
      const served = hub.addMembership(bob, { chatId: chatId('tea'), joinedSeq, floorSeq: 0, headSeq })
      if (served !== 'stale') return Math.max(served, headSeq)
    }
    throw new Error('the last snapshot is not stale')
  }
})

const MEMBERSHIPS: readonly (readonly [first: number, last: number])[] = [
  [3, 5],
  [8, 10],
]
const BOB_SEQS: ReadonlySet<number> = new Set(MEMBERSHIPS.flatMap(([first, last]) => range(first, last)))

test('all users receive exactly their memberships, for any order, repetition and loss of events', async () => {
  const log: ChatEvent[] = range(1, 12).map((seq) => sent('tea', seq))
  const membership = [
    memberAdded('tea', 3, bob),
    memberRemoved('tea', 6, carol),
    memberRemoved('tea', 9, bob),
  ]
  for (const event of membership) log[event.seq - 1] = event
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...log), { maxLength: 40 }), async (arrivals) => {
      const { hub, subscribeTo, subscribe } = createHubWorld(log)
      const [aliceStream, carolStream, bobStream] = [
        subscribeTo(alice, ['tea'], 0),
        subscribeTo(carol, ['tea'], 0),
        subscribe(bob),
      ]
      for (const event of arrivals) hub.deliver([event])
      hub.addMembership(alice, read('tea', 12))
      await vi.advanceTimersByTimeAsync(100)
      expect(seqsOf(aliceStream.delivered.all)).toEqual(range(1, 12))
      expect(seqsOf(bobStream.delivered.all)).toEqual(range(3, 9))
      expect(seqsOf(carolStream.delivered.all)).toEqual(range(1, 6))
    }),
  )
})

test('receipts reach all devices of the members of their chat, and no other user', () => {
  const { hub, subscribeTo, subscribe } = createHubWorld()
  const [phone, laptop] = [subscribeTo(bob, ['tea'], 3), subscribe(bob)]
  const [aliceStream, carolStream] = [subscribeTo(alice, ['tea'], 3), subscribeTo(carol, ['coffee'], 3)]
  hub.deliverSignals([receipt('tea', bob, 3), receipt('nowhere', bob, 3)])
  for (const { delivered } of [phone, laptop, aliceStream])
    expect(delivered.all).toEqual([receipt('tea', bob, 3)])
  expect(carolStream.delivered.all).toEqual([])
})
