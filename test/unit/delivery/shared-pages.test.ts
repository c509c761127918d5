import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { LogRange } from '../../../src/chats/log-rows.ts'
import { sharePages } from '../../../src/delivery/shared-pages.ts'
import type { ChatEvent } from '../../../src/events/chat-event.ts'
import { chatId, range, sent, seqsOf } from '../../harness/fixtures/chat-events.ts'

const PAGE = 500

/** A log of one chat, whose reads are answered when the test says so. */
function openLog({ isHeld = false, body = '' } = {}) {
  const reads: LogRange[] = []
  const held: (() => void)[] = []
  const state = { nowMs: 0, floor: 0, failure: undefined as Error | undefined, isHeld }
  const read = sharePages(
    async (asked) => {
      reads.push(asked)
      const { failure } = state
      if (state.isHeld) await new Promise<void>((resolve) => held.push(resolve))
      if (failure !== undefined) throw failure
      const last = Math.min(asked.untilSeq, asked.afterSeq + PAGE)
      return range(Math.max(asked.afterSeq, state.floor) + 1, last).map((seq): ChatEvent => {
        const event = sent('tea', seq)
        return { ...event, message: { ...event.message, body } }
      })
    },
    () => state.nowMs,
  )
  const from = (afterSeq: number, untilSeq: number) => read({ chatId: chatId('tea'), afterSeq, untilSeq })
  const answer = (): void => {
    for (const resolve of held.splice(0)) resolve()
  }
  return { reads, state, from, read, answer }
}

describe('readers of the same part of a log', () => {
  test('share one read while it runs, and the event objects', async () => {
    const log = openLog({ isHeld: true })
    const both = Promise.all([log.from(0, 9), log.from(0, 9)])
    await Promise.resolve()
    log.answer()
    const [one, other] = await both
    expect(seqsOf(one)).toEqual(range(1, 9))
    expect(other).toBe(one)
    expect(log.reads).toHaveLength(1)
  })

  test('share one read from different positions, and for a second after it began', async () => {
    const log = openLog()
    const all = await log.from(0, 9)
    log.state.nowMs = 999
    const some = await log.from(3, 7)
    expect(seqsOf(some)).toEqual(range(4, 7))
    expect(some[0]).toBe(all[3])
    expect(log.reads).toHaveLength(1)
    log.state.nowMs = 1_000
    expect(seqsOf(await log.from(3, 7))).toEqual(range(4, 7))
    expect(log.reads).toHaveLength(2)
  })

  test('get no event of another chat', async () => {
    const log = openLog()
    await log.from(0, 9)
    await log.read({ chatId: chatId('coffee'), afterSeq: 0, untilSeq: 9 })
    expect(log.reads.map((read) => read.chatId)).toEqual([chatId('tea'), chatId('coffee')])
  })

  test('do not share a failure', async () => {
    const log = openLog({ isHeld: true })
    log.state.failure = new Error('the database is away')
    const first = log.from(0, 9)
    const second = log.from(0, 9)
    await Promise.resolve()
    Object.assign(log.state, { isHeld: false, failure: undefined })
    log.answer()
    await expect(first).rejects.toThrow('the database is away')
    expect(seqsOf(await second)).toEqual(range(1, 9))
  })

  test('do not share a page whose first event retention has deleted', async () => {
    const log = openLog()
    log.state.floor = 5
    await log.from(0, 9)
    log.state.floor = 0
    expect(seqsOf(await log.from(0, 9))).toEqual(range(1, 9))
    expect(log.reads).toHaveLength(2)
  })
})

test('pages are not kept beyond a bound in bytes', async () => {
  const log = openLog({ body: 'x'.repeat(20_000) })
  await log.from(0, PAGE)
  expect(log.reads).toHaveLength(1)
  await log.from(0, PAGE)
  expect(log.reads).toHaveLength(1)
  await log.from(PAGE, 2 * PAGE)
  await log.from(0, PAGE)
  expect(log.reads).toHaveLength(3)
})

test('any sequence of readers gets the same events as without sharing', async () => {
  const reader = fc.record({
    afterSeq: fc.nat(1_500),
    length: fc.integer({ min: 1, max: 1_200 }),
    wait: fc.nat(400),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(reader, { maxLength: 12 }), async (readers) => {
      const log = openLog()
      for (const { afterSeq, length, wait } of readers) {
        log.state.nowMs += wait
        const untilSeq = afterSeq + length
        const seqs: number[] = []
        while (afterSeq + seqs.length < untilSeq) {
          const page = await log.from(afterSeq + seqs.length, untilSeq)
          expect(page.length).toBeGreaterThan(0)
          seqs.push(...seqsOf(page))
        }
        expect(seqs).toEqual(range(afterSeq + 1, untilSeq))
      }
    }),
    { numRuns: 100 },
  )
})
