import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ChatEvent } from '../../../src/events/chat-event.ts'
import { ChatFeed } from '../../../src/gateway/chat-feed.ts'
import { range, sent, seqsOf } from '../../harness/fixtures/chat-events.ts'

type Arrivals = Readonly<{ start: number; head: number; seqs: readonly number[] }>
/** An event arrives with this seq, or the gap is read from the log. */
type Step = number | 'read'

/** A log that ends at `head`, and what of it comes: any of it, any number of times, in any order. */
function arrivals(maxHead: number): fc.Arbitrary<Arrivals> {
  return fc.integer({ min: 1, max: maxHead }).chain((head) =>
    fc.record({
      head: fc.constant(head),
      start: fc.nat(head),
      seqs: fc.oneof(
        fc.array(fc.integer({ min: 1, max: head }), { maxLength: 2 * head }),
        fc.shuffledSubarray(range(1, head)),
        fc.subarray(range(1, head)).map((some) => some.toReversed()),
      ),
    }),
  )
}

/** The first page of what is missing, as a full log has it. */
function readGap(feed: ChatFeed, pageSize: number): ChatEvent[] {
  const { gap } = feed
  if (gap === undefined) return []
  return range(gap.afterSeq + 1, gap.untilSeq)
    .slice(0, pageSize)
    .map((seq) => sent('tea', seq))
}

/** Takes the steps, then reads gaps until there is none. Returns the delivered seqs. */
function feedThrough({ start, head }: Arrivals, steps: readonly Step[], pageSize = 7): number[] {
  const feed = new ChatFeed(start)
  const delivered: ChatEvent[] = []
  const take = (events: readonly ChatEvent[]): void => {
    for (const event of events) delivered.push(...feed.offer(event))
  }
  for (const step of steps) take(step === 'read' ? readGap(feed, pageSize) : [sent('tea', step)])
  feed.expect(head)
  for (let reads = 0; feed.gap !== undefined && reads <= head; reads++) take(readGap(feed, pageSize))
  expect(feed.lastSeq).toBe(head)
  return seqsOf(delivered)
}

describe('any arrivals, in any order, repeated any number of times', () => {
  test('delivers each event once and in order, if gaps are read at the end', () => {
    fc.assert(
      fc.property(arrivals(60), (log) => {
        expect(feedThrough(log, log.seqs)).toEqual(range(log.start + 1, log.head))
      }),
    )
  })

  test('delivers each event once and in order, if gaps are read at any time', () => {
    fc.assert(
      fc.property(arrivals(60), fc.array(fc.boolean()), (log, reads) => {
        const steps = log.seqs.flatMap((seq, index): Step[] =>
          reads[index] === true ? ['read', seq] : [seq],
        )
        expect(feedThrough(log, steps)).toEqual(range(log.start + 1, log.head))
      }),
    )
  })

  test('delivers each event once and in order, if far more arrive than may wait', () => {
    fc.assert(
      fc.property(arrivals(900), fc.integer({ min: 1, max: 500 }), (log, pageSize) => {
        expect(feedThrough(log, log.seqs, pageSize)).toEqual(range(log.start + 1, log.head))
      }),
      { numRuns: 30 },
    )
  })
})

test('delivers events in order at once, without a gap', () => {
  const feed = new ChatFeed(4)
  expect([5, 6].map((seq) => seqsOf(feed.offer(sent('tea', seq))))).toEqual([[5], [6]])
  expect([feed.lastSeq, feed.gap]).toEqual([6, undefined])
})

test('keeps an event that overtook others until they arrive', () => {
  const feed = new ChatFeed(4)
  expect(feed.offer(sent('tea', 7))).toEqual([])
  expect(feed.gap).toEqual({ afterSeq: 4, untilSeq: 6 })
  expect(seqsOf(feed.offer(sent('tea', 5)))).toEqual([5])
  expect(feed.gap).toEqual({ afterSeq: 5, untilSeq: 6 })
  expect(seqsOf(feed.offer(sent('tea', 6)))).toEqual([6, 7])
  expect(feed.gap).toBeUndefined()
})

test('ignores events up to the last delivered one', () => {
  const feed = new ChatFeed(4)
  feed.offer(sent('tea', 5))
  expect([5, 4, 1].flatMap((seq) => feed.offer(sent('tea', seq)))).toEqual([])
  expect([feed.lastSeq, feed.gap]).toEqual([5, undefined])
})

test('reports a gap up to the known head, which never decreases', () => {
  const feed = new ChatFeed(4)
  feed.expect(9)
  feed.expect(6)
  expect(feed.gap).toEqual({ afterSeq: 4, untilSeq: 9 })
})

test('reports a gap for events beyond the maximum that may wait', () => {
  const feed = new ChatFeed(0)
  for (const seq of range(2, 1_000)) feed.offer(sent('tea', seq))
  const ready = seqsOf(feed.offer(sent('tea', 1)))
  expect(ready).toEqual(range(1, ready.length))
  expect(ready.length).toBeLessThan(1_000)
  expect(feed.gap).toEqual({ afterSeq: ready.length, untilSeq: 1_000 })
})
