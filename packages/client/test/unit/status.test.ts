import { expect, test } from 'vitest'
import {
  type ChatRecord,
  type MessageRecord,
  UNKNOWN_CHAT,
  type Watermarks,
} from '../../src/model/records.ts'
import { statusIn } from '../../src/model/status.ts'

/** A message of alice at seq 5, as the server last reported it. */
const MESSAGE = { seq: 5, senderId: 'alice', status: 'SENT' } as MessageRecord

function chat(watermarks: Readonly<Record<string, Watermarks>>, hasAllMembers = true): ChatRecord {
  const member = { role: 'MEMBER', joinedAt: '2026-11-30T12:00:00.000Z' } as const
  const members = Object.fromEntries(['alice', ...Object.keys(watermarks)].map((id) => [id, member]))
  return { ...UNKNOWN_CHAT, members, watermarks, hasAllMembers }
}

test.each([
  ['sent', { bob: { deliveredSeq: 4, readSeq: 0 } }],
  ['delivered', { bob: { deliveredSeq: 5, readSeq: 4 } }],
  ['read', { bob: { deliveredSeq: 5, readSeq: 5 } }],
  ['delivered', { bob: { deliveredSeq: 9, readSeq: 9 }, carol: { deliveredSeq: 5, readSeq: 0 } }],
  ['sent', { bob: { deliveredSeq: 9, readSeq: 9 }, carol: { deliveredSeq: 4, readSeq: 0 } }],
])('a message is %s by the lowest watermarks of the other members', (status, watermarks) => {
  expect(statusIn(chat(watermarks))(MESSAGE)).toBe(status)
})

test('the watermarks of the sender do not count', () => {
  const record = chat({ alice: { deliveredSeq: 9, readSeq: 9 }, bob: { deliveredSeq: 0, readSeq: 0 } })
  expect(statusIn(record)(MESSAGE)).toBe('sent')
})

test.each([
  ['not all members are known', chat({ bob: { deliveredSeq: 0, readSeq: 0 } }, false)],
  ['there is no other member', chat({})],
])('the status is that of the server if %s', (_case, record) => {
  expect(statusIn(record)({ ...MESSAGE, status: 'READ' })).toBe('read')
  expect(statusIn(record)({ ...MESSAGE, status: 'DELIVERED' })).toBe('delivered')
})

test('the status of a system message is sent, also if all members have read it, or left', () => {
  const record = chat({ bob: { deliveredSeq: 9, readSeq: 9 }, carol: { deliveredSeq: 9, readSeq: 9 } })
  const message = { ...MESSAGE, senderId: 'user_parley:system', kind: 'SYSTEM' } as const
  expect(statusIn(record)(message)).toBe('sent')
  expect(statusIn({ ...record, hasAllMembers: false })({ ...message, status: 'READ' })).toBe('sent')
})
