import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { ChatId, UserId } from '../../../src/ids.ts'
import { createReceipts } from '../../../src/receipts/receipts.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const alice = 'alice' as UserId
const chat = (index: number): ChatId => `chat ${index}` as ChatId

/** Receipts of chats that are all large. */
function createWorld() {
  return createReceipts({
    store: {
      advance: async ({ members }) =>
        members.map((member) => ({
          ...member,
          role: 'MEMBER',
          joinedAt: new Date(0),
          joinedSeq: 1,
          leftAt: null,
          leftSeq: null,
          earlierPeriods: [],
          hasMoved: true,
          at: new Date(0),
          deliveredBefore: 0,
          readBefore: 0,
          memberCount: 1_024,
        })),
      senders: async (ranges) => ranges.map(() => []),
      since: async () => [],
    },
    receiptRecipients: async () => [],
    isLive: () => false,
    publish: () => undefined,
    leastRestMs: () => 0,
    elapsedMs: () => performance.now(),
  })
}

test('remembers at most 10,000 large chats, whose receipts are collected for half a second', async () => {
  const { markDelivered, markRead } = createWorld()
  for (let first = 0; first <= 10_000; first += 500) {
    const count = Math.min(500, 10_001 - first)
    const positions = Array.from({ length: count }, (_, index) => ({ chatId: chat(first + index), seq: 1 }))
    const marked = markDelivered(alice, undefined, positions)
    await vi.advanceTimersByTimeAsync(20)
    await marked
  }
  const stored: string[] = []
  const read = (index: number): void =>
    void markRead(alice, { chatId: chat(index), seq: 1 }).then(({ chatId }) => stored.push(chatId))
  read(10_000)
  await vi.advanceTimersByTimeAsync(20)
  // The rest after that write delays other large chats. The first chat was evicted, so it counts as small.
  read(9_999)
  read(0)
  await vi.advanceTimersByTimeAsync(20)
  expect(stored).toEqual([chat(10_000), chat(0)])
  await vi.advanceTimersByTimeAsync(500)
  expect(stored).toEqual([chat(10_000), chat(0), chat(9_999)])
})
