import { expect, test, vi } from 'vitest'
import type { ChatState, User } from '../../src/api.ts'
import type { EventData, MessageData } from '../../src/graphql/responses.ts'
import { applyEvent, applyReceipt } from '../../src/model/apply-event.ts'
import { type ChatRecord, toMessage, UNKNOWN_CHAT } from '../../src/model/records.ts'
import { createChatView } from '../../src/model/view.ts'

const [ALICE, BOB] = ['user_alice', 'user_bob'] as const
const NOW = '2026-11-30T12:00:00.000Z'
const userOf = (id: string): User => ({ id, name: id, avatarUrl: null })
const known = new Map<string, User>([ALICE, BOB].map((id) => [id, userOf(id)]))

function message(seq: number, changes: Partial<MessageData> = {}): MessageData {
  return {
    id: `message_${seq}`,
    seq,
    kind: 'USER',
    clientMessageId: `key-${seq}`,
    sender: userOf(seq % 2 === 0 ? ALICE : BOB),
    body: `body ${seq}`,
    attachments: [],
    replyTo: null,
    reactions: [],
    sentAt: NOW,
    editedAt: null,
    deletedAt: null,
    expiresAt: '2026-11-30T13:00:00.000Z',
    status: 'SENT',
    ...changes,
  }
}

function event(type: string, data: MessageData, seq: number): EventData {
  return { __typename: type, seq, at: NOW, actor: data.sender, chat: { id: 'chat_1' }, message: data }
}

/** A loaded chat of alice and bob with so many messages, as bob sees it. Everything is read. */
function chatOf(count: number): ChatRecord {
  const member = { role: 'MEMBER', joinedAt: NOW } as const
  const read = { deliveredSeq: count, readSeq: count }
  const messages = Array.from({ length: count }, (_, index) => toMessage(message(index + 1), () => undefined))
  return {
    ...UNKNOWN_CHAT,
    id: 'chat_1',
    kind: 'DIRECT',
    headSeq: count,
    memberCount: 2,
    members: { [ALICE]: member, [BOB]: member },
    watermarks: { [ALICE]: read, [BOB]: read },
    hasAllMembers: true,
    isLoaded: true,
    messages,
    lastMessage: messages.at(-1) ?? null,
  }
}

/** Shows a chat, then changes it. `built` counts the messages that were built for the change. */
function change(count: number, apply: (chat: ChatRecord) => ChatRecord, now = NOW) {
  const build = createChatView()
  const user = vi.fn<(id: string) => User>((id) => known.get(id) ?? userOf(id))
  const sources = { viewerId: BOB, user, usersVersion: 0, typing: [], unsent: [], now: NOW }
  const chat = chatOf(count)
  const before = build(chat, sources).state
  user.mockClear()
  const after = build(apply(chat), { ...sources, now }).state
  return { before, after, built: user.mock.calls.length }
}

/** The seqs of the messages that are other objects than before. */
function changedSeqs(before: ChatState, after: ChatState): readonly (number | undefined)[] {
  return after.messages.filter((shown, index) => shown !== before.messages[index]).map(({ seq }) => seq)
}

const SIZES = [10, 10_000]

const changes: Record<string, (chat: ChatRecord) => ChatRecord> = {
  'a new message': (chat) =>
    applyEvent(chat, event('MessageSent', message(chat.headSeq + 1), chat.headSeq + 1), BOB),
  'an edited message': (chat) =>
    applyEvent(chat, event('MessageEdited', message(3, { body: 'new' }), chat.headSeq + 1), BOB),
  'a reaction': (chat) => {
    const reactions = [{ emoji: '👍', users: [userOf(ALICE)] }]
    return applyEvent(chat, event('ReactionChanged', message(3, { reactions }), chat.headSeq + 1), BOB)
  },
  'an event of an unknown type': (chat) => ({ ...chat, headSeq: chat.headSeq + 1 }),
}

test.for(Object.keys(changes))('%s changes the identity of no other message', (name) => {
  const { before, after } = change(10_000, changes[name] as (chat: ChatRecord) => ChatRecord)
  const expected = { 'a new message': [10_001], 'an event of an unknown type': [] }[name] ?? [3]
  expect(changedSeqs(before, after)).toEqual(expected)
  expect(after.members).toBe(before.members)
  if (expected.length === 0) expect(after.messages).toBe(before.messages)
})

test.for(Object.keys(changes))('%s costs as much with 10,000 messages as with 10', (name) => {
  const [few, many] = SIZES.map(
    (count) => change(count, changes[name] as (chat: ChatRecord) => ChatRecord).built,
  )
  expect(many).toBe(few)
  expect(many).toBeLessThan(10)
})

test('a receipt changes only the messages whose status it changes', () => {
  const unread = (chat: ChatRecord): ChatRecord => {
    const two = [1, 2].map((more) => event('MessageSent', message(chat.headSeq + more), chat.headSeq + more))
    return two.reduce((record, sent) => applyEvent(record, sent, BOB), chat)
  }
  const build = createChatView()
  const sources = { viewerId: BOB, user: userOf, usersVersion: 0, typing: [], unsent: [], now: NOW }
  const chat = unread(chatOf(10_000))
  const before = build(chat, sources).state
  const marks = { deliveredSeq: 10_002, readSeq: 10_001 }
  const after = build(applyReceipt(chat, ALICE, marks, BOB), sources).state
  expect(changedSeqs(before, after)).toEqual([10_001])
  expect(after.messages.at(-2)?.status).toBe('read')
})

test('the end of a lifetime changes only the messages that it ends', () => {
  const expiring = (chat: ChatRecord): ChatRecord => ({
    ...chat,
    messages: chat.messages.map((record) =>
      record.seq === 5 ? { ...record, expiresAt: '2026-11-30T12:00:10.000Z' } : record,
    ),
  })
  const { before, after, built } = change(10_000, expiring, '2026-11-30T12:00:10.000Z')
  expect(changedSeqs(before, after)).toEqual([5])
  expect(after.messages[4]?.body).toBeNull()
  expect(built).toBeLessThan(10)
})

test('a view of the same chat is the same object', () => {
  const { before, after } = change(100, (chat) => ({ ...chat }))
  expect(after).toBe(before)
})

test('a new name shows on the messages of the user, and on no other', () => {
  const build = createChatView()
  const sources = { viewerId: BOB, usersVersion: 0, typing: [], unsent: [], now: NOW }
  const chat = chatOf(100)
  const before = build(chat, { ...sources, user: userOf }).state
  const user = (id: string): User => (id === ALICE ? { ...userOf(id), name: 'Alice' } : userOf(id))
  const after = build(chat, { ...sources, user, usersVersion: 1 }).state
  const seqs = changedSeqs(before, after)
  expect(seqs).toEqual(Array.from({ length: 50 }, (_, index) => 2 * index + 2))
})
