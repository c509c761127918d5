import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import fc from 'fast-check'
import { MAX_SEQ } from '../../../src/ids.ts'
import { alice, bob, chatId, range, sent, seqsOf } from '../../harness/fixtures/chat-events.ts'
import { createHubWorld, read } from './hub-world.ts'

const teaLog = (head: number) => range(1, head).map((seq) => sent('tea', seq))

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('events that come in order are heard at once, without a look at the log', async () => {
  const { hub, reads, serve } = createHubWorld()
  const { heard } = serve(alice, ['tea'], 4)
  hub.deliver([sent('tea', 5)])
  hub.deliver([sent('tea', 6), sent('tea', 7)])
  expect(seqsOf(heard.all)).toEqual([5, 6, 7])
  await vi.advanceTimersByTimeAsync(10_000)
  expect(reads.all).toEqual([])
})

test('events that overtake one another are heard in order, and the log is not read for that', async () => {
  const { hub, reads, serve } = createHubWorld()
  const { heard } = serve(alice, ['tea'], 0)
  for (const seq of [2, 3, 1, 5, 4]) hub.deliver([sent('tea', seq)])
  expect(seqsOf(heard.all)).toEqual(range(1, 5))
  await vi.advanceTimersByTimeAsync(10_000)
  expect(reads.all).toEqual([])
})

test('a repeated event is heard once', () => {
  const { hub, serve } = createHubWorld()
  const { heard } = serve(alice, ['tea'], 0)
  for (const seq of [1, 1, 2, 1, 2]) hub.deliver([sent('tea', seq)])
  expect(seqsOf(heard.all)).toEqual([1, 2])
})

test('what never came is read from the log, exactly that, and heard before what came after it', async () => {
  const { hub, reads, serve } = createHubWorld(teaLog(9))
  const { heard } = serve(alice, ['tea'], 1)
  for (const seq of [2, 5, 6, 9]) hub.deliver([sent('tea', seq)])
  await vi.advanceTimersByTimeAsync(50)
  expect(seqsOf(heard.all)).toEqual(range(2, 9))
  expect(reads.all).toEqual([
    { chatId: chatId('tea'), afterSeq: 2, untilSeq: 4 },
    { chatId: chatId('tea'), afterSeq: 6, untilSeq: 8 },
  ])
})

test('a hole of many pages is read to its end', async () => {
  const { hub, reads, serve } = createHubWorld(teaLog(1_000))
  const { heard } = serve(alice, ['tea'], 0)
  hub.deliver([sent('tea', 1_000)])
  await vi.advanceTimersByTimeAsync(50)
  expect(seqsOf(heard.all)).toEqual(range(1, 1_000))
  expect(reads.all).toHaveLength(10)
})

test('whoever is served a longer log than was passed on makes the rest be read', async () => {
  const { hub, serve } = createHubWorld(teaLog(8))
  const { heard } = serve(alice, ['tea'], 5)
  serve(bob, [], 0)
  expect(hub.addMembership(bob, read('tea', 8))).toBe(5)
  await vi.advanceTimersByTimeAsync(50)
  expect(seqsOf(heard.all)).toEqual([6, 7, 8])
})

describe('a log that can not be read', () => {
  test('is read again until it can, and everything is heard', async () => {
    const { hub, lines, disturb, serve } = createHubWorld(teaLog(3))
    let failures = 4
    disturb(async () => {
      if (failures-- > 0) throw new Error('no connection')
    })
    const { heard } = serve(alice, ['tea'], 0)
    hub.deliver([sent('tea', 3)])
    await vi.advanceTimersByTimeAsync(5_000)
    expect(seqsOf(heard.all)).toEqual([1, 2, 3])
    const warning = {
      level: 'warn',
      msg: 'gap repair could not read the log; it will retry',
      chatId: chatId('tea'),
    }
    expect(lines).toMatchObject([warning, warning, warning, warning])
  })

  test('and never had what was said of it is reported, and left alone after a few looks', async () => {
    const { hub, reads, lines, serve } = createHubWorld(teaLog(3))
    const { heard } = serve(alice, ['tea'], 0)
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
    expect(seqsOf(heard.all)).toEqual([1, 2, 3, 4])
  })

  test('and only later has what was said of it is read again when somebody says so again', async () => {
    const { hub, log, serve } = createHubWorld()
    const { heard } = serve(alice, ['tea'], 0)
    hub.deliver([sent('tea', 2)])
    await vi.advanceTimersByTimeAsync(10_000)
    log.push(...teaLog(2))
    hub.deliver([sent('tea', 2)])
    await vi.advanceTimersByTimeAsync(100)
    expect(seqsOf(heard.all)).toEqual([1, 2])
  })

  test('does not keep other chats waiting', async () => {
    const { hub, disturb, serve } = createHubWorld()
    disturb(() => new Promise(() => undefined))
    const { heard } = serve(alice, ['tea', 'coffee'], 0)
    hub.deliver([sent('tea', 2), sent('coffee', 1)])
    await vi.advanceTimersByTimeAsync(1_000)
    hub.deliver([sent('coffee', 2)])
    expect(heard.all).toEqual([sent('coffee', 1), sent('coffee', 2)])
  })

  test('is left alone once the hub is closed', async () => {
    const { hub, reads, serve } = createHubWorld()
    serve(alice, ['tea'], 0)
    hub.deliver([sent('tea', 2)])
    await vi.advanceTimersByTimeAsync(1_000)
    hub.close()
    await vi.advanceTimersByTimeAsync(2_000)
    const readsUntilClosed = reads.all.length
    await vi.advanceTimersByTimeAsync(60_000)
    expect(reads.all).toHaveLength(readsUntilClosed)
  })
})

test('a hole that opens at whatever moment another one has just been filled is filled as well', async () => {
  for (const turns of range(0, 12)) {
    const { hub, reads, serve } = createHubWorld(teaLog(4))
    const { heard } = serve(alice, ['tea'], 0)
    hub.deliver([sent('tea', 2)])
    vi.advanceTimersByTime(10)
    for (let turn = 0; turn < turns; turn++) await Promise.resolve()
    hub.deliver([sent('tea', 4)])
    await vi.advanceTimersByTimeAsync(100)
    expect([turns, ...seqsOf(heard.all)]).toEqual([turns, 1, 2, 3, 4])
    expect(reads.all.length).toBeGreaterThan(0)
  }
})

test('in whatever order, how often and with whatever losses events come, each is heard once and in order', async () => {
  const arrival = fc.record({ chat: fc.constantFrom('tea', 'coffee'), seq: fc.integer({ min: 1, max: 20 }) })
  await fc.assert(
    fc.asyncProperty(fc.array(arrival, { maxLength: 60 }), fc.nat(3), async (arrivals, pauseMs) => {
      const log = ['tea', 'coffee'].flatMap((chat) => range(1, 20).map((seq) => sent(chat, seq)))
      const { hub, serve } = createHubWorld(log)
      const { heard } = serve(alice, ['tea', 'coffee'], 0)
      for (const { chat, seq } of arrivals) {
        hub.deliver([sent(chat, seq)])
        await vi.advanceTimersByTimeAsync(pauseMs)
      }
      for (const chat of ['tea', 'coffee']) hub.addMembership(alice, read(chat, 20))
      await vi.advanceTimersByTimeAsync(100)
      const heardOf = (chat: string) => seqsOf(heard.all.filter((item) => item.chatId === chatId(chat)))
      expect([heardOf('tea'), heardOf('coffee')]).toEqual([range(1, 20), range(1, 20)])
    }),
    { numRuns: 50 },
  )
})

test('an event that overtakes the one that lets bob in is not lost on him', async () => {
  const log = [sent('tea', 1, { joined: [alice, bob] }), sent('tea', 2)]
  const world = createHubWorld(log)
  const { heard } = world.serve(bob, [], 0)
  for (const event of log.toReversed()) world.hub.deliver([event])
  await vi.advanceTimersByTimeAsync(100)
  expect(heard.all).toEqual(log)
})
