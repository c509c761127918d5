import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { globalId, isSubject, MAX_SEQ, type NodeId, newChatId, parseGlobalId } from '../../src/ids.ts'
import type { AttachmentId, ChatId, Seq, UserId } from '../../src/ids.ts'
import { anyText } from '../harness/fixtures/arbitraries.ts'

const subject = fc
  .oneof(
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom('alice', 'auth0|bob', 'a_b', 'user_carol', ' ', 'é', 'a\u2028b'),
  )
  .filter(isSubject)
  .map((text) => text as UserId)
const chat = fc.uuid({ version: 7 }).map((text) => text as ChatId)
const seq = fc.integer({ min: 1, max: MAX_SEQ })
const nodeId: fc.Arbitrary<NodeId> = fc.oneof(
  subject.map((id) => ({ type: 'User', id }) as const),
  chat.map((id) => ({ type: 'Chat', id }) as const),
  fc
    .tuple(chat, subject)
    .map(([chatId, userId]) => ({ type: 'ChatMember', id: { chatId, userId } }) as const),
  fc.uuid({ version: 7 }).map((id) => ({ type: 'Attachment', id: id as AttachmentId }) as const),
  fc.tuple(chat, seq).map(([chatId, at]) => ({ type: 'Message', id: { chatId, seq: at } }) as const),
)

function format(node: NodeId): string {
  switch (node.type) {
    case 'User':
      return globalId.user(node.id)
    case 'Chat':
      return globalId.chat(node.id)
    case 'ChatMember':
      return globalId.member(node.id)
    case 'Message':
      return globalId.message(node.id)
    case 'Attachment':
      return globalId.attachment(node.id)
    default:
      return node satisfies never
  }
}

describe('parseGlobalId', () => {
  test('decodes what globalId encodes', () => {
    fc.assert(
      fc.property(nodeId, (node) => {
        expect(parseGlobalId(format(node))).toEqual(node)
      }),
    )
  })

  test('accepts only one text per id', () => {
    const almost = fc
      .tuple(nodeId.map(format), fc.nat(), fc.string({ maxLength: 2 }))
      .map(
        ([text, at, change]) => text.slice(0, at % text.length) + change + text.slice((at % text.length) + 1),
      )
    const text = fc.oneof(anyText, almost)
    fc.assert(
      fc.property(text, (anything) => {
        const node = parseGlobalId(anything)
        if (node !== undefined) expect(format(node)).toBe(anything)
      }),
      { numRuns: 1_000 },
    )
  })

  test('uses the documented format', () => {
    const chatId = '01900000-0000-7000-8000-000000000001' as ChatId
    expect(globalId.user('alice' as UserId)).toBe('user_alice')
    expect(globalId.chat(chatId)).toBe('chat_01900000-0000-7000-8000-000000000001')
    expect(globalId.message({ chatId, seq: 7 })).toBe('message_01900000-0000-7000-8000-000000000001_7')
  })

  const uuid = '01900000-0000-7000-8000-00000000000a'
  test.each([
    '',
    '_',
    'alice',
    'users',
    'user_',
    '_alice',
    'User_alice',
    'user_a\nb',
    'user_\ud800',
    `user_${'a'.repeat(256)}`,
    'chat_',
    'chat_alice',
    `chat_${uuid.toUpperCase()}`,
    `chat_${uuid}\n`,
    `message_${uuid}`,
    `message_${uuid}_`,
    `message_${uuid}_0`,
    `message_${uuid}_01`,
    `message_${uuid}_-1`,
    `message_${uuid}_1.5`,
    `message_${uuid}_1e3`,
    `message_${uuid}_${MAX_SEQ + 1}`,
    `message_${uuid}_1\n`,
    `attachment_${uuid.toUpperCase()}`,
    `attachment_${uuid}_1`,
    `constructor_${uuid}`,
  ])('%j names nothing', (text) => {
    expect(parseGlobalId(text)).toBeUndefined()
  })
})

test('accepts the highest seq', () => {
  const last: Seq = 2 ** 31 - 1
  const id = globalId.message({ chatId: newChatId(), seq: last })
  expect(parseGlobalId(id)).toMatchObject({ type: 'Message', id: { seq: last } })
})

test('creates distinct chat ids that sort by time', () => {
  const ids = Array.from({ length: 1_000 }, newChatId)
  expect(new Set(ids).size).toBe(1_000)
  expect(ids.toSorted()).toEqual(ids)
  expect(ids.every((id) => parseGlobalId(globalId.chat(id))?.type === 'Chat')).toBe(true)
})

test('accepts subjects of 1 to 255 characters without control characters and lone surrogates', () => {
  expect(['alice', 'auth0|bob', '用户', 'a b', 'a'.repeat(255), '👍'].every(isSubject)).toBe(true)
  expect(['', 'a'.repeat(256), 'a\0', 'a\tb', 'a\x7f', '\udc4d', 'a\x85'].some(isSubject)).toBe(false)
})
