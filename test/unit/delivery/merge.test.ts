import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createMerge } from '../../../src/delivery/merge.ts'
import { bob, chatId, range, receipt, sent, seqsOf } from '../../harness/fixtures/chat-events.ts'

test('delivers the log once and in order, wherever the replay and the live part overlap', () => {
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

test('passes a chat that was not replayed from its first event', () => {
  const merge = createMerge(new Map([[chatId('tea'), 5]]))
  expect(range(1, 3).map((seq) => merge(sent('coffee', seq)))).toEqual([true, true, true])
})

test('always passes receipts, which are in no log', () => {
  const merge = createMerge(new Map([[chatId('tea'), 5]]))
  expect([merge(receipt('tea', bob, 2)), merge(receipt('tea', bob, 2))]).toEqual([true, true])
})

test('keeps its own copy of what the replay covered', () => {
  const covered = new Map([[chatId('tea'), 5]])
  const merge = createMerge(covered)
  covered.clear()
  expect([merge(sent('tea', 5)), merge(sent('tea', 6))]).toEqual([false, true])
})
