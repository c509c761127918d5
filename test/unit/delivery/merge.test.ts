import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createMerge } from '../../../src/delivery/merge.ts'
import { bob, chatId, range, receipt, sent, seqsOf } from '../../harness/people/events.ts'

test('replay and live together are the log, once and in order, wherever the two overlap', () => {
  const seam = fc.record({ acked: fc.nat(5), replayed: fc.nat(5), overlap: fc.nat(5), later: fc.nat(5) })
  fc.assert(
    fc.property(seam, seam, (tea, coffee) => {
      const seams = [tea, coffee].map((it, index) => ({ ...it, chat: ['tea', 'coffee'][index] ?? '' }))
      const coveredOf = ({ acked, replayed }: typeof tea): number => acked + replayed
      const merge = createMerge(new Map(seams.map((it) => [chatId(it.chat), coveredOf(it)])))
      for (const { chat, acked, later, overlap, ...it } of seams) {
        const covered = coveredOf({ acked, later, overlap, ...it })
        const pushed = range(Math.max(1, covered + 1 - overlap), covered + later).map((seq) =>
          sent(chat, seq),
        )
        const delivered = [...range(acked + 1, covered), ...seqsOf(pushed.filter(merge))]
        expect(delivered).toEqual(range(acked + 1, covered + later))
      }
    }),
  )
})

test('a chat that the replay did not cover is let through from its first event on', () => {
  const merge = createMerge(new Map([[chatId('tea'), 5]]))
  expect(range(1, 3).map((seq) => merge(sent('coffee', seq)))).toEqual([true, true, true])
})

test('signals that are in no log are always let through', () => {
  const merge = createMerge(new Map([[chatId('tea'), 5]]))
  expect([merge(receipt('tea', bob, 2)), merge(receipt('tea', bob, 2))]).toEqual([true, true])
})

test('what the replay covered stays as it was said at the start', () => {
  const covered = new Map([[chatId('tea'), 5]])
  const merge = createMerge(covered)
  covered.clear()
  expect([merge(sent('tea', 5)), merge(sent('tea', 6))]).toEqual([false, true])
})
