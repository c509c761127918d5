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

describe('who joins by an event', () => {
  test('hears from that event on, and nothing before it', () => {
    const { hub, serve, listen } = createHubWorld()
    serve(alice, ['tea'], 0)
    const { heard } = listen(bob)
    hub.deliver([sent('tea', 1), memberAdded('tea', 2, bob), sent('tea', 3)])
    expect(heard.all).toEqual([memberAdded('tea', 2, bob), sent('tea', 3)])
  })

  test('makes the chat heard of here where it was not', () => {
    const { hub, listen } = createHubWorld()
    const { heard } = listen(bob)
    hub.deliver([sent('tea', 1), sent('tea', 2, { joined: [alice, bob] }), sent('tea', 3)])
    expect(seqsOf(heard.all)).toEqual([2, 3])
  })

  test('hears of it on all their devices here', () => {
    const { hub, listen } = createHubWorld()
    const [phone, laptop] = [listen(bob), listen(bob)]
    hub.deliver([memberAdded('tea', 1, bob)])
    expect([phone.heard.all, laptop.heard.all]).toEqual([
      [memberAdded('tea', 1, bob)],
      [memberAdded('tea', 1, bob)],
    ])
  })

  test('hears nothing of it where they are not connected', async () => {
    const { hub, reads, listen } = createHubWorld()
    const { heard } = listen(carol)
    hub.deliver([memberAdded('tea', 1, bob), sent('tea', 3)])
    await vi.advanceTimersByTimeAsync(1_000)
    expect([heard.all, reads.all]).toEqual([[], []])
  })

  test('is not forgotten when the same events show the last other person out', () => {
    const { hub, serve, listen } = createHubWorld()
    serve(bob, ['tea'], 1)
    const { heard } = listen(carol)
    hub.deliver([memberAdded('tea', 3, carol)])
    hub.deliver([memberRemoved('tea', 2, bob)])
    hub.deliver([sent('tea', 4)])
    expect(seqsOf(heard.all)).toEqual([3, 4])
  })

  test('hears the event once though the log was being read for somebody who has left meanwhile', async () => {
    const { hub, log, reads, disturb, serve, listen } = createHubWorld()
    log.push(memberAdded('tea', 1, carol), sent('tea', 2))
    const reading = Promise.withResolvers<void>()
    disturb(() => reading.promise)
    const atAlice = serve(alice, ['tea'], 0)
    const { heard } = listen(carol)
    hub.deliver([sent('tea', 2)])
    await vi.advanceTimersByTimeAsync(10)
    await reads.next()
    atAlice.dispose()
    reading.resolve()
    await vi.advanceTimersByTimeAsync(100)
    hub.deliver([memberAdded('tea', 1, carol), sent('tea', 2)])
    expect(seqsOf(heard.all)).toEqual([1, 2])
  })
})

describe('who is removed', () => {
  test('hears the event that removes them, and nothing after it', () => {
    const { hub, serve } = createHubWorld()
    const [atAlice, atBob] = [serve(alice, ['tea'], 0), serve(bob, ['tea'], 0)]
    hub.deliver([sent('tea', 1), memberRemoved('tea', 2, bob), sent('tea', 3)])
    hub.deliverSignals([receipt('tea', alice, 3)])
    expect(atBob.heard.all).toEqual([sent('tea', 1), memberRemoved('tea', 2, bob)])
    expect(seqsOf(atAlice.heard.all)).toEqual([1, 2, 3])
  })

  test('hears nothing after it when what came after it came first', () => {
    const { hub, serve } = createHubWorld()
    const { heard } = serve(bob, ['tea'], 0)
    for (const event of [sent('tea', 3), memberRemoved('tea', 2, bob), sent('tea', 1)]) hub.deliver([event])
    expect(seqsOf(heard.all)).toEqual([1, 2])
  })

  test('hears nothing after it when the event itself is only found in the log', async () => {
    const { hub, serve } = createHubWorld([sent('tea', 1), memberRemoved('tea', 2, bob), sent('tea', 3)])
    const { heard } = serve(bob, ['tea'], 0)
    hub.deliver([sent('tea', 4)])
    await vi.advanceTimersByTimeAsync(100)
    expect(seqsOf(heard.all)).toEqual([1, 2])
  })

  test('as the last one here leaves nothing of the chat behind', async () => {
    const { hub, reads, serve } = createHubWorld()
    serve(bob, ['tea'], 0)
    hub.deliver([memberRemoved('tea', 1, bob), sent('tea', 5)])
    await vi.advanceTimersByTimeAsync(1_000)
    expect(reads.all).toEqual([])
  })

  test('still hears of their other chats', () => {
    const { hub, serve } = createHubWorld()
    const { heard } = serve(bob, ['tea', 'coffee'], 0)
    hub.deliver([memberRemoved('tea', 1, bob), sent('coffee', 1)])
    expect(heard.all).toEqual([memberRemoved('tea', 1, bob), sent('coffee', 1)])
  })

  test('hears again from the event that lets them in again', () => {
    const { hub, serve } = createHubWorld()
    const { heard } = serve(bob, ['tea'], 0)
    serve(alice, ['tea'], 0)
    hub.deliver([memberRemoved('tea', 1, bob), sent('tea', 2), memberAdded('tea', 3, bob), sent('tea', 4)])
    expect(seqsOf(heard.all)).toEqual([1, 3, 4])
  })
})

describe('whose chats were read before their members changed', () => {
  test('is not served what they were removed from meanwhile, and hears nothing of it', () => {
    const { hub, serve, listen } = createHubWorld()
    serve(alice, ['tea'], 4)
    const { heard } = listen(bob)
    hub.deliver([sent('tea', 5), memberRemoved('tea', 6, bob), sent('tea', 7)])
    expect(hub.addMembership(bob, read('tea', 4))).toBe('stale')
    hub.deliver([sent('tea', 8)])
    expect(heard.all).toEqual([])
  })

  test('is not served it either where they were the only one here who heard of it', async () => {
    const { hub, reads, serve, listen } = createHubWorld()
    const phone = serve(bob, ['tea'], 4)
    const laptop = listen(bob)
    hub.deliver([memberRemoved('tea', 5, bob)])
    expect(hub.addMembership(bob, read('tea', 4))).toBe('stale')
    hub.deliver([sent('tea', 6)])
    await vi.advanceTimersByTimeAsync(1_000)
    expect([seqsOf(phone.heard.all), seqsOf(laptop.heard.all), reads.all]).toEqual([[5], [5], []])
  })

  test('is not served it either where nobody here heard of it', () => {
    const { hub, listen } = createHubWorld()
    const { heard } = listen(bob)
    hub.deliver([memberRemoved('tea', 5, bob)])
    expect(hub.addMembership(bob, read('tea', 4))).toBe('stale')
    expect(heard.all).toEqual([])
  })

  test('is served it where what was read has the change already, and where only messages came since', () => {
    const { hub, serve, listen } = createHubWorld()
    serve(alice, ['tea'], 4)
    listen(bob)
    hub.deliver([memberRemoved('tea', 5, carol), sent('tea', 6)])
    expect(hub.addMembership(bob, read('tea', 5))).toBe(6)
  })

  test('hears nothing from before they were let in, though the hub is not there yet', async () => {
    const log = [sent('tea', 5), memberAdded('tea', 6, bob), sent('tea', 7)]
    const { hub, serve, listen } = createHubWorld(log)
    const atAlice = serve(alice, ['tea'], 4)
    const { heard } = listen(bob)
    expect(hub.addMembership(bob, read('tea', 7, 6))).toBe(4)
    await vi.advanceTimersByTimeAsync(100)
    expect([seqsOf(heard.all), seqsOf(atAlice.heard.all)]).toEqual([
      [6, 7],
      [5, 6, 7],
    ])
  })

  test('keeps what let them in since', () => {
    const { hub, serve, listen } = createHubWorld()
    serve(alice, ['tea'], 4)
    const { heard } = listen(bob)
    hub.deliver([memberAdded('tea', 5, bob)])
    expect(hub.addMembership(bob, read('tea', 4, 2))).toBe('stale')
    hub.deliver([sent('tea', 6)])
    expect(hub.addMembership(bob, read('tea', 6, 5))).toBe(6)
    hub.deliver([sent('tea', 7)])
    expect(seqsOf(heard.all)).toEqual([5, 6, 7])
  })

  test('can not open a stream of that chat as it was', () => {
    const { hub, serve } = createHubWorld()
    serve(alice, ['tea'], 4)
    hub.deliver([memberRemoved('tea', 5, bob)])
    const heard: unknown[] = []
    const listener = {
      userId: bob,
      push: (item: unknown) => void heard.push(item),
      restart: () => undefined,
    }
    expect(hub.subscribeToChat(listener, read('tea', 4))).toBe('stale')
    hub.deliver([sent('tea', 6)])
    expect(heard).toEqual([])
  })
})

describe('who is here already and is let in by an event that comes late', () => {
  const log = [sent('tea', 1), memberAdded('tea', 2, bob), sent('tea', 3)]

  test('hears of it from there on, though another device of theirs comes and knows more', async () => {
    const { hub, listen } = createHubWorld(log)
    const [phone, laptop] = [listen(bob), listen(bob)]
    phone.markLoaded()
    expect(hub.addMembership(bob, read('tea', 3, 2))).toBe(1)
    laptop.markLoaded()
    hub.deliver([memberAdded('tea', 2, bob), sent('tea', 3)])
    await vi.advanceTimersByTimeAsync(100)
    expect(seqsOf(phone.heard.all)).toEqual([2, 3])
    expect(phone.startOver).not.toHaveBeenCalled()
  })

  test('starts over where the chat is heard of beyond it, be it that the event comes, or is found missing', () => {
    const comes: ((hub: HubWorld['hub']) => unknown)[] = [
      (hub) => hub.deliver([memberAdded('tea', 2, bob)]),
      (hub) => hub.reconcile([{ userId: bob, chatId: chatId('tea'), joinedSeq: 2, floorSeq: 0, headSeq: 3 }]),
      (hub) => hub.addMembership(bob, read('tea', 3, 2)),
    ]
    for (const come of comes) {
      const { hub, serve, listen } = createHubWorld(log)
      const [phone, laptop] = [listen(bob), listen(bob)]
      phone.markLoaded()
      const atAlice = serve(alice, ['tea'], 3)
      atAlice.markLoaded()
      if (come === comes[1]) laptop.markLoaded()
      come(hub)
      expect(phone.startOver).toHaveBeenCalledTimes(1)
      expect(atAlice.startOver).not.toHaveBeenCalled()
    }
  })

  test('does not where they are served it, or were removed by what was passed on', () => {
    const { hub, serve } = createHubWorld(log)
    const [atAlice, atBob] = [serve(alice, ['tea'], 3), serve(bob, ['tea'], 3)]
    atBob.markLoaded()
    hub.deliver([memberAdded('tea', 2, bob)])
    hub.deliver([memberRemoved('tea', 4, bob)])
    hub.reconcile([{ userId: bob, chatId: chatId('tea'), joinedSeq: 2, floorSeq: 0, headSeq: 3 }])
    expect(atBob.startOver).not.toHaveBeenCalled()
    expect(seqsOf(atAlice.heard.all)).toEqual([4])
  })
})

test('whoever comes hears exactly their own time from there on, wherever the hub is and however old what was read', async () => {
  // Bob is in from 3 to 5 and from 8 to 10.
  const log: ChatEvent[] = range(1, 12).map((seq) => sent('tea', seq))
  for (const [first, last] of STAYS) {
    log[first - 1] = memberAdded('tea', first, bob)
    log[last - 1] = memberRemoved('tea', last, bob)
  }
  const stayAt = (head: number) => STAYS.toReversed().find(([first]) => first <= head)
  const seq = fc.integer({ min: 0, max: 12 })
  await fc.assert(
    fc.asyncProperty(seq, seq, fc.boolean(), async (passedOn, readAt, isHeardByAlice) => {
      const { hub, serve, listen } = createHubWorld(log)
      if (isHeardByAlice) serve(alice, ['tea'], 0)
      const { heard } = listen(bob)
      // All that was passed on was committed, but bob's read may have begun before.
      hub.deliver(log.slice(0, passedOn))
      const heardBefore = heard.all.length
      const served = comes(hub, [readAt, passedOn])
      hub.deliver(log.slice(passedOn))
      hub.reconcile([])
      await vi.advanceTimersByTimeAsync(100)
      const mine = seqsOf(heard.all).filter((one) => one > served)
      expect(seqsOf(heard.all).every((one) => BOBS.has(one))).toBe(true)
      expect(mine).toEqual([...BOBS].filter((one) => one > served))
      expect(heardBefore).toBeLessThanOrEqual(passedOn)
    }),
  )

  /** Reads as long as what was read is outdated; answers from where on bob is pushed things. */
  function comes(hub: HubWorld['hub'], reads: readonly number[]): number {
    for (const headSeq of reads) {
      const [joinedSeq, leftSeq] = stayAt(headSeq) ?? [Infinity, 0]
      if (headSeq === 0 || joinedSeq === Infinity) return headSeq
      if (leftSeq <= headSeq) return hub.endMembership(bob, { chatId: chatId('tea'), leftSeq }) ?? headSeq
      const served = hub.addMembership(bob, { chatId: chatId('tea'), joinedSeq, floorSeq: 0, headSeq })
      if (served !== 'stale') return Math.max(served, headSeq)
    }
    throw new Error('What was read last is as new as anything')
  }
})

const STAYS: readonly (readonly [first: number, last: number])[] = [
  [3, 5],
  [8, 10],
]
const BOBS: ReadonlySet<number> = new Set(STAYS.flatMap(([first, last]) => range(first, last)))

test('everybody hears exactly their own time, in whatever order, how often and with whatever losses events come', async () => {
  const log: ChatEvent[] = range(1, 12).map((seq) => sent('tea', seq))
  const membership = [
    memberAdded('tea', 3, bob),
    memberRemoved('tea', 6, carol),
    memberRemoved('tea', 9, bob),
  ]
  for (const event of membership) log[event.seq - 1] = event
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...log), { maxLength: 40 }), async (arrivals) => {
      const { hub, serve, listen } = createHubWorld(log)
      const [atAlice, atCarol, atBob] = [serve(alice, ['tea'], 0), serve(carol, ['tea'], 0), listen(bob)]
      for (const event of arrivals) hub.deliver([event])
      hub.addMembership(alice, read('tea', 12))
      await vi.advanceTimersByTimeAsync(100)
      expect(seqsOf(atAlice.heard.all)).toEqual(range(1, 12))
      expect(seqsOf(atBob.heard.all)).toEqual(range(3, 9))
      expect(seqsOf(atCarol.heard.all)).toEqual(range(1, 6))
    }),
  )
})

test('receipts reach the members of their chat, on every device, and nobody else', () => {
  const { hub, serve, listen } = createHubWorld()
  const [phone, laptop] = [serve(bob, ['tea'], 3), listen(bob)]
  const [atAlice, atCarol] = [serve(alice, ['tea'], 3), serve(carol, ['coffee'], 3)]
  hub.deliverSignals([receipt('tea', bob, 3), receipt('nowhere', bob, 3)])
  for (const { heard } of [phone, laptop, atAlice]) expect(heard.all).toEqual([receipt('tea', bob, 3)])
  expect(atCarol.heard.all).toEqual([])
})
