import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { LiveItem, ReceiptAdvanced } from '../../../src/events/signal.ts'
import { createReceiptOrder } from '../../../src/gateway/receipt-order.ts'
import type { UserId } from '../../../src/ids.ts'
import { alice, bob, carol, memberRemoved, receipt } from '../../harness/fixtures/chat-events.ts'
import { createHubWorld } from './hub-world.ts'

/** Bob's receipt, for these users alone. */
const receiptFor = (deliveredSeq: number, ...onlyTo: readonly UserId[]): ReceiptAdvanced => {
  return { ...receipt('tea', bob, deliveredSeq), onlyTo }
}

const seqsIn = (items: readonly LiveItem[]): number[] =>
  items.map((item) => ('deliveredSeq' in item ? item.deliveredSeq : 0))

test('delivers receipts of a member that arrive in any order and repeated, without going back', () => {
  const arrivals = fc.array(fc.record({ deliveredSeq: fc.nat(9), isRead: fc.boolean() }), { maxLength: 20 })
  fc.assert(
    fc.property(arrivals, (some) => {
      const { hub, subscribeTo } = createHubWorld()
      const { delivered } = subscribeTo(alice, ['tea'], 0)
      // Of two receipts one covers the other: the read watermark follows the delivered one.
      const receipts = some.map(({ deliveredSeq, isRead }) =>
        receipt('tea', bob, deliveredSeq, isRead ? deliveredSeq : Math.max(0, deliveredSeq - 1)),
      )
      for (const item of receipts) hub.deliverSignals([item])
      const sums = delivered.all.map((item) => ('readSeq' in item ? item.deliveredSeq + item.readSeq : 0))
      expect(sums).toEqual([...new Set(sums)].toSorted((a, b) => a - b))
      expect(sums.at(-1)).toBe(
        receipts.length === 0 ? undefined : Math.max(...receipts.map((it) => it.deliveredSeq + it.readSeq)),
      )
    }),
  )
})

test('keeps the receipts of each member of each chat apart', () => {
  const { hub, subscribeTo } = createHubWorld()
  const { delivered } = subscribeTo(alice, ['tea', 'coffee'], 0)
  const receipts = [receipt('tea', bob, 5), receipt('tea', carol, 4), receipt('coffee', bob, 3)]
  hub.deliverSignals(receipts)
  expect(delivered.all).toEqual(receipts)
})

test('delivers the newest watermarks to the recipients of a receipt that was overtaken', () => {
  const { hub, subscribeTo } = createHubWorld()
  const [ofAlice, ofBob, ofCarol] = [alice, bob, carol].map((user) => subscribeTo(user, ['tea'], 0))
  hub.deliverSignals([receiptFor(7, bob, carol)])
  hub.deliverSignals([receiptFor(6, bob, alice)])
  hub.deliverSignals([receiptFor(5, bob, alice)])
  expect(seqsIn(ofAlice?.delivered.all ?? [])).toEqual([7])
  expect(seqsIn(ofBob?.delivered.all ?? [])).toEqual([7])
  expect(seqsIn(ofCarol?.delivered.all ?? [])).toEqual([7])
})

test('delivers a receipt to the devices of a member who has left, also after one for all members', () => {
  const { hub, subscribeTo } = createHubWorld()
  const [ofAlice, ofBob] = [subscribeTo(alice, ['tea'], 0), subscribeTo(bob, ['tea'], 0)]
  hub.deliver([memberRemoved('tea', 1, bob)])
  const before = ofBob.delivered.all.length
  hub.deliverSignals([receipt('tea', bob, 1), receiptFor(1, bob)])
  expect(seqsIn(ofBob.delivered.all.slice(before))).toEqual([1])
  expect(seqsIn(ofAlice.delivered.all.slice(1))).toEqual([1])
})

test('delivers a receipt that arrived when no stream was open, to a stream that opens later', () => {
  const { hub, subscribeTo } = createHubWorld()
  hub.deliverSignals([receipt('tea', bob, 5), receiptFor(5, bob)])
  const [ofAlice, ofBob] = [subscribeTo(alice, ['tea'], 0), subscribeTo(bob, ['coffee'], 0)]
  hub.deliverSignals([receiptFor(5, bob), receipt('tea', bob, 5)])
  expect(seqsIn(ofBob.delivered.all)).toEqual([5])
  expect(seqsIn(ofAlice.delivered.all)).toEqual([5])
})

test('remembers a limited number of members, the newest', () => {
  const { advance } = createReceiptOrder(2)
  for (const user of [alice, bob, carol]) advance(receipt('tea', user, 5))
  expect(advance(receipt('tea', carol, 4))).toBeUndefined()
  expect(advance(receipt('tea', bob, 4))).toBeUndefined()
  expect(advance(receipt('tea', alice, 4))).toMatchObject({ deliveredSeq: 4 })
})
