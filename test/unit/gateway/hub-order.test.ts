import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import fc from 'fast-check'
import { MAX_SEQ } from '../../../src/ids.ts'
import { alice, bob, chatId, range, sent, seqsOf } from '../../harness/fixtures/chat-events.ts'
import { createHubWorld, read } from './hub-world.ts'

const teaLog = (head: number) => range(1, head).map((seq) => sent('tea', seq))

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('delivers events in order at once, without reading the log', async () => {
  const { hub, reads, subscribeTo } = createHubWorld()
  const { delivered } = subscribeTo(alice, ['tea'], 4)
  hub.deliver([sent('tea', 5)])
  hub.deliver([sent('tea', 6), sent('tea', 7)])
  expect(seqsOf(delivered.all)).toEqual([5, 6, 7])
  await vi.advanceTimersByTimeAsync(10_000)
  expect(reads.all).toEqual([])
})

test('delivers overtaken events in order, without reading the log', async () => {
  const { hub, reads, subscribeTo } = createHubWorld()
  const { delivered } = subscribeTo(alice, ['tea'], 0)
  for (const seq of [2, 3, 1, 5, 4]) hub.deliver([sent('tea', seq)])
  expect(seqsOf(delivered.all)).toEqual(range(1, 5))
  await vi.advanceTimersByTimeAsync(10_000)
  expect(reads.all).toEqual([])
})

test('delivers a repeated event once', () => {
  const { hub, subscribeTo } = createHubWorld()
  const { delivered } = subscribeTo(alice, ['tea'], 0)
  for (const seq of [1, 1, 2, 1, 2]) hub.deliver([sent('tea', seq)])
  expect(seqsOf(delivered.all)).toEqual([1, 2])
})

test('reads exactly the lost events from the log, and delivers them before later ones', async () => {
  const { hub, reads, subscribeTo } = createHubWorld(teaLog(9))
  const { delivered } = subscribeTo(alice, ['tea'], 1)
  for (const seq of [2, 5, 6, 9]) hub.deliver([sent('tea', seq)])
  await vi.advanceTimersByTimeAsync(50)
  expect(seqsOf(delivered.all)).toEqual(range(2, 9))
  expect(reads.all).toEqual([
    { chatId: chatId('tea'), afterSeq: 2, untilSeq: 4 },
    { chatId: chatId('tea'), afterSeq: 6, untilSeq: 8 },
  ])
})

test('reads a gap of many pages to its end', async () => {
  const { hub, reads, subscribeTo } = createHubWorld(teaLog(1_000))
  const { delivered } = subscribeTo(alice, ['tea'], 0)
  hub.deliver([sent('tea', 1_000)])
  await vi.advanceTimersByTimeAsync(50)
  expect(seqsOf(delivered.all)).toEqual(range(1, 1_000))
  expect(reads.all).toHaveLength(10)
})

test('reads the rest of the log if a snapshot has a later head', async () => {
  const { hub, subscribeTo } = createHubWorld(teaLog(8))
  const { delivered } = subscribeTo(alice, ['tea'], 5)
  subscribeTo(bob, [], 0)
  expect(hub.addMembership(bob, read('tea', 8))).toBe(5)
  await vi.advanceTimersByTimeAsync(50)
  expect(seqsOf(delivered.all)).toEqual([6, 7, 8])
})

describe('a log that can not be read', () => {
  test('is read again until it can, and everything is delivered', async () => {
    const { hub, lines, interceptReads, subscribeTo } = createHubWorld(teaLog(3))
    let failures = 4
    interceptReads(async () => {
      if (failures-- > 0) throw new Error('no connection')
    })
    const { delivered } = subscribeTo(alice, ['tea'], 0)
    hub.deliver([sent('tea', 3)])
    await vi.advanceTimersByTimeAsync(5_000)
    expect(seqsOf(delivered.all)).toEqual([1, 2, 3])
    const warning = {
      level: 'warn',
      msg: 'gap repair could not read the log; it will retry',
      chatId: chatId('tea'),
    }
    expect(lines).toMatchObject([warning, warning, warning, warning])
  })

  test('and lacks the announced events is reported, and given up after a few reads', async () => {
    const { hub, reads, lines, subscribeTo } = createHubWorld(teaLog(3))
    const { delivered } = subscribeTo(alice, ['tea'], 0)
    hub.deliver([sent('tea', MAX_SEQ)])
    await vi.advanceTimersByTimeAsync(10_000)
    const found = { afterSeq: 3, untilSeq: MAX_SEQ - 1 }
    const msg = 'gap repair gave up: events missing from log'
    expect(lines).toMatchObject([{ level: 'error', msg, ...found }])
    expect(reads.all.length).toBeLessThan(10)
    const readsUntilThen = reads.all.length
    await vi.advanceTimersByTimeAsync(3_600_000)
    expect(reads.all).toHaveLength(readsUntilThen)
    hub.deliver([sent('tea', 4)])
    expect(seqsOf(delivered.all)).toEqual([1, 2, 3, 4])
  })

  test('and has the announced events only later is read when they are announced again', async () => {
    const { hub, log, subscribeTo } = createHubWorld()
    const { delivered } = subscribeTo(alice, ['tea'], 0)
    hub.deliver([sent('tea', 2)])
    await vi.advanceTimersByTimeAsync(10_000)
    log.push(...teaLog(2))
    hub.deliver([sent('tea', 2)])
    await vi.advanceTimersByTimeAsync(100)
    expect(seqsOf(delivered.all)).toEqual([1, 2])
  })

  test('does not delay other chats', async () => {
    const { hub, interceptReads, subscribeTo } = createHubWorld()
    interceptReads(() => new Promise(() => undefined))
    const { delivered } = subscribeTo(alice, ['tea', 'coffee'], 0)
    hub.deliver([sent('tea', 2), sent('coffee', 1)])
    await vi.advanceTimersByTimeAsync(1_000)
    hub.deliver([sent('coffee', 2)])
    expect(delivered.all).toEqual([sent('coffee', 1), sent('coffee', 2)])
  })

  test('is not read any more after the hub is closed', async () => {
    const { hub, reads, subscribeTo } = createHubWorld()
    subscribeTo(alice, ['tea'], 0)
    hub.deliver([sent('tea', 2)])
    await vi.advanceTimersByTimeAsync(1_000)
    hub.close()
    await vi.advanceTimersByTimeAsync(2_000)
    const readsUntilClosed = reads.all.length
    await vi.advanceTimersByTimeAsync(60_000)
    expect(reads.all).toHaveLength(readsUntilClosed)
  })
})

test('repairs a gap that opens at any moment around the end of another repair', async () => {
  for (const turns of range(0, 12)) {
    const { hub, reads, subscribeTo } = createHubWorld(teaLog(4))
    const { delivered } = subscribeTo(alice, ['tea'], 0)
    hub.deliver([sent('tea', 2)])
    vi.advanceTimersByTime(10)
    for (let turn = 0; turn < turns; turn++) await Promise.resolve()
    hub.deliver([sent('tea', 4)])
    await vi.advanceTimersByTimeAsync(100)
    expect([turns, ...seqsOf(delivered.all)]).toEqual([turns, 1, 2, 3, 4])
    expect(reads.all.length).toBeGreaterThan(0)
  }
})

test('delivers each event once and in order, for any order, repetition and loss', async () => {
  const arrival = fc.record({ chat: fc.constantFrom('tea', 'coffee'), seq: fc.integer({ min: 1, max: 20 }) })
  await fc.assert(
    fc.asyncProperty(fc.array(arrival, { maxLength: 60 }), fc.nat(3), async (arrivals, pauseMs) => {
      const log = ['tea', 'coffee'].flatMap((chat) => range(1, 20).map((seq) => sent(chat, seq)))
      const { hub, subscribeTo } = createHubWorld(log)
      const { delivered } = subscribeTo(alice, ['tea', 'coffee'], 0)
      for (const { chat, seq } of arrivals) {
        hub.deliver([sent(chat, seq)])
        await vi.advanceTimersByTimeAsync(pauseMs)
      }
      for (const chat of ['tea', 'coffee']) hub.addMembership(alice, read(chat, 20))
      await vi.advanceTimersByTimeAsync(100)
      const deliveredOf = (chat: string) =>
        seqsOf(delivered.all.filter((item) => item.chatId === chatId(chat)))
      expect([deliveredOf('tea'), deliveredOf('coffee')]).toEqual([range(1, 20), range(1, 20)])
    }),
    { numRuns: 50 },
  )
})

test('delivers an event that overtakes the one that adds the user', async () => {
  const log = [sent('tea', 1, { joined: [alice, bob] }), sent('tea', 2)]
  const world = createHubWorld(log)
  const { delivered } = world.subscribeTo(bob, [], 0)
  for (const event of log.toReversed()) world.hub.deliver([event])
  await vi.advanceTimersByTimeAsync(100)
  expect(delivered.all).toEqual(log)
})
