import { expect, test } from 'vitest'
import type { ChatId } from '../../../src/ids.ts'
import { messageOf, pageOf } from '../../../src/messages/page-rows.ts'

const chat = '6f1b7a52-6a1d-4c57-9a0e-2b1b7e9d1c11' as ChatId
const SEPARATOR = '\x1f'
/** Of the first page. */
const row = (...parts: readonly (string | number)[]): string => [0, ...parts].join(SEPARATOR)

test('a body may contain what separates the columns', () => {
  const body = `${SEPARATOR}tea${SEPARATOR}${SEPARATOR}`
  const message = messageOf({ common: row(7, 1_795_000_000.123, 'alice', 'key', body), rare: null }, chat)
  expect(message).toMatchObject({ chatId: chat, seq: 7, senderId: 'alice', clientMessageId: 'key', body })
})

test('a row names its page', () => {
  const common = row(7, 1_795_000_000, 'alice', 'key', 'tea')
  expect(pageOf({ common, rare: null })).toBe(0)
  expect(pageOf({ common: `1${common}`, rare: null })).toBe(10)
})

test('an empty body is not a missing one', () => {
  expect(messageOf({ common: row(7, 1_795_000_000, 'alice', 'key', ''), rare: null }, chat).body).toBe('')
  expect(messageOf({ common: row(7, 1_795_000_000, 'alice', 'key'), rare: null }, chat)).toMatchObject({
    clientMessageId: 'key',
    body: null,
  })
})

test('times keep each of their milliseconds', () => {
  for (let ms = 1_795_000_000_000; ms < 1_795_000_001_000; ms += 1) {
    const message = messageOf({ common: row(1, ms / 1_000, 'alice', 'key', ''), rare: null }, chat)
    expect(message.sentAt.getTime()).toBe(ms)
  }
})

test('rare parts of a message are in a column of their own', () => {
  const rare = [3, 1_795_000_000.5, null, 1_795_000_001, 2, 'offer', { price: 1 }] as const
  expect(messageOf({ common: row(7, 1_795_000_000, 'alice', 'key', 'tea'), rare }, chat)).toMatchObject({
    replyToSeq: 3,
    editedAt: new Date(1_795_000_000_500),
    deletedAt: null,
    expiresAt: new Date(1_795_000_001_000),
    attachmentCount: 2,
    type: 'offer',
    data: { price: 1 },
  })
})
