import fc from 'fast-check'
import { expect, test } from 'vitest'
import { messageIdOf, statusOf } from '../../../src/events/message.ts'
import { chatId, sent } from '../../harness/fixtures/chat-events.ts'

test('derives the id of a message from its chat and its seq', () => {
  expect(messageIdOf(sent('tea', 3).message)).toEqual({ chatId: chatId('tea'), seq: 3 })
})

test('returns DELIVERED once all other members have the message, and READ once all have read it', () => {
  expect(statusOf(5, { deliveredSeq: 4, readSeq: 0 })).toBe('SENT')
  expect(statusOf(5, { deliveredSeq: 5, readSeq: 4 })).toBe('DELIVERED')
  expect(statusOf(5, { deliveredSeq: 5, readSeq: 5 })).toBe('READ')
})

test('returns SENT if there is no other member', () => {
  expect(statusOf(5, undefined)).toBe('SENT')
})

test('moves a status only forward as watermarks grow', () => {
  const order = ['SENT', 'DELIVERED', 'READ']
  const step = fc.record({ deliveredSeq: fc.nat(10), readSeq: fc.nat(10) })
  fc.assert(
    fc.property(fc.nat(10), step, step, (seq, before, growth) => {
      const after = {
        deliveredSeq: before.deliveredSeq + growth.deliveredSeq,
        readSeq: before.readSeq + growth.readSeq,
      }
      expect(order.indexOf(statusOf(seq, after))).toBeGreaterThanOrEqual(order.indexOf(statusOf(seq, before)))
    }),
  )
})
