import { expect, test } from 'vitest'
import { createReceiptMerge, type ReceiptMerge } from '../../../src/delivery/receipt-merge.ts'
import { alice, bob, receipt, sent } from '../../harness/fixtures/chat-events.ts'

/** A merge after the replay of bob's receipt. */
function afterReplay(nowMs?: () => number): ReceiptMerge {
  const merge = createReceiptMerge(nowMs)
  merge.replayed(receipt('tea', bob, 5, 3))
  return merge
}

test('drops live receipts that the replay has overtaken, and passes newer ones', () => {
  const { isNews } = afterReplay()
  expect(isNews(receipt('tea', bob, 4, 3))).toBe(false)
  expect(isNews(receipt('tea', bob, 5, 3))).toBe(false)
  expect(isNews(receipt('tea', bob, 5, 4))).toBe(true)
  expect(isNews(receipt('tea', bob, 6, 4))).toBe(true)
})

test('passes events, and receipts of other members and chats', () => {
  const { isNews } = afterReplay()
  for (const item of [sent('tea', 1), receipt('tea', alice, 1), receipt('coffee', bob, 1)])
    expect(isNews(item)).toBe(true)
})

test('forgets the replay after a minute, when nothing older can arrive', () => {
  let nowMs = 0
  const { isNews } = afterReplay(() => nowMs)
  nowMs = 60_001
  isNews(receipt('tea', alice, 1))
  expect(isNews(receipt('tea', bob, 4))).toBe(true)
})

test('remembers the last 1,000 replayed receipts', () => {
  const { isNews, replayed } = afterReplay()
  for (let index = 1; index <= 1_000; index += 1) replayed(receipt(`chat ${index}`, bob, 5))
  expect(isNews(receipt('tea', bob, 4))).toBe(true)
  expect(isNews(receipt('chat 1', bob, 4))).toBe(false)
})
