import { expect, test } from 'vitest'
import type { EventData, MessageData } from '../src/graphql/responses.ts'
import { applyEvent, applyReceipt } from '../src/model/apply-event.ts'
import { type ChatRecord, UNKNOWN_CHAT } from '../src/model/records.ts'
import { unreadCount } from '../src/model/view.ts'

const [ALICE, BOB] = ['user_alice', 'user_bob'] as const
const NOW = '2026-01-31T12:00:00.000Z'
const user = (id: string) => ({ id, name: id, avatarUrl: null })

function message(seq: number, changes: Partial<MessageData> = {}): MessageData {
  return {
    id: `message_${seq}`,
    seq,
    kind: 'USER',
    clientMessageId: `key-${seq}`,
    sender: user(ALICE),
    body: `body ${seq}`,
    attachments: [],
    replyTo: null,
    reactions: [],
    sentAt: NOW,
    editedAt: null,
    deletedAt: null,
    expiresAt: null,
    status: 'SENT',
    ...changes,
  }
}

function event(type: string, seq: number, rest: Partial<EventData> = {}): EventData {
  return { __typename: type, seq, at: NOW, actor: user(ALICE), chat: { id: 'chat_1' }, ...rest }
}

const sent = (seq: number, changes: Partial<MessageData> = {}): EventData =>
  event('MessageSent', seq, { message: message(seq, changes) })

/** A chat of alice and bob as bob sees it, after these events. */
function after(events: readonly EventData[], start: Partial<ChatRecord> = {}): ChatRecord {
  const member = { role: 'MEMBER', joinedAt: '2026-11-30T12:00:00.000Z' } as const
  const chat: ChatRecord = {
    ...UNKNOWN_CHAT,
    id: 'chat_1',
    members: { [ALICE]: member, [BOB]: member },
    memberCount: 2,
    hasAllMembers: true,
    ...start,
  }
  return events.reduce((record, next) => applyEvent(record, next, BOB), chat)
}

test('appends a message and moves the head', () => {
  const chat = after([sent(1), sent(2)])
  expect(chat.messages.map(({ body }) => body)).toEqual(['body 1', 'body 2'])
  expect([chat.headSeq, chat.lastMessage?.id, chat.lastActivityAt]).toEqual([2, 'message_2', NOW])
})

test('replaces a changed message, and its quotes in other messages', () => {
  const reply = {
    replyTo: { id: 'message_1', body: 'body 1', sender: user(ALICE), expiresAt: null },
  }
  const edited = event('MessageEdited', 3, { message: message(1, { body: 'edited', editedAt: NOW }) })
  const chat = after([sent(1), sent(2, reply), edited])
  expect(chat.messages.map(({ body }) => body)).toEqual(['edited', 'body 2'])
  expect(chat.messages[1]?.replyTo?.body).toBe('edited')
})

test('ignores a change of a message that is not loaded, and moves the head', () => {
  const chat = after([sent(1), event('MessageEdited', 2, { message: message(0) })])
  expect([chat.messages.length, chat.headSeq]).toEqual([1, 2])
})

test('advances past an event type that it does not know, and changes nothing else', () => {
  const before = after([sent(1)])
  const chat = applyEvent(before, event('PollOpened', 2), BOB)
  expect(chat).toEqual({ ...before, headSeq: 2 })
})

test('adds a member with watermarks just before the event', () => {
  const chat = after([sent(1), event('MemberAdded', 2, { user: user('user_carol') })])
  expect(chat.memberCount).toBe(3)
  expect(chat.members['user_carol']?.role).toBe('MEMBER')
  expect(chat.watermarks['user_carol']).toEqual({ deliveredSeq: 1, readSeq: 1 })
})

test('keeps the watermarks of a receipt that overtook the event of its member', () => {
  const early = applyReceipt(after([sent(1)]), 'user_carol', { deliveredSeq: 5, readSeq: 4 }, BOB)
  const chat = applyEvent(early, event('MemberAdded', 2, { user: user('user_carol') }), BOB)
  expect(chat.watermarks['user_carol']).toEqual({ deliveredSeq: 5, readSeq: 4 })
})

test('shows only the viewer once they were removed', () => {
  const chat = after([event('MemberRemoved', 1, { user: user(BOB) })])
  expect([Object.keys(chat.members), chat.isMember, chat.memberCount]).toEqual([[BOB], false, 1])
})

test('changes roles and settings', () => {
  const role = event('MemberRoleChanged', 1, { user: user(ALICE), role: 'ADMIN' })
  const title = event('ChatUpdated', 2, { chat: { id: 'chat_1', title: 'Tea', messageTtlSeconds: 60 } })
  const chat = after([role, title])
  expect([chat.members[ALICE]?.role, chat.title, chat.messageTtlSeconds]).toEqual(['ADMIN', 'Tea', 60])
})

test('counts unread messages: not own, deleted, expired or read ones', () => {
  const events = [
    sent(1),
    sent(2, { sender: user(BOB) }),
    sent(3, { deletedAt: NOW }),
    sent(4, { expiresAt: new Date(Date.parse(NOW) - 1).toISOString() }),
    sent(5),
    sent(6),
  ]
  const chat = after(events)
  expect(unreadCount(chat, BOB, NOW)).toBe(3)
  const read = applyReceipt(chat, BOB, { deliveredSeq: 5, readSeq: 5 }, BOB)
  expect(unreadCount(read, BOB, NOW)).toBe(1)
})

test('keeps 30 messages of a chat that is not open, and counts the others as unread', () => {
  const chat = after(Array.from({ length: 40 }, (_, index) => sent(index + 1)))
  expect(chat.messages).toHaveLength(30)
  expect(unreadCount(chat, BOB, NOW)).toBe(40)
  const deletion = event('MessageDeleted', 41, { message: message(3, { body: null, deletedAt: NOW }) })
  expect(unreadCount(applyEvent(chat, deletion, BOB), BOB, NOW)).toBe(39)
})

test('never moves a watermark backwards', () => {
  const chat = applyReceipt(after([sent(1), sent(2)]), ALICE, { deliveredSeq: 2, readSeq: 1 }, BOB)
  expect(applyReceipt(chat, ALICE, { deliveredSeq: 1, readSeq: 0 }, BOB)).toBe(chat)
})

test('raises the status of the messages of the last member by receipts of former members', () => {
  const chat = after(
    [sent(1, { sender: user(BOB) }), sent(2, { sender: user(BOB) }), sent(3, { sender: user(BOB) })],
    { members: { [BOB]: { role: 'OWNER', joinedAt: NOW } }, memberCount: 1 },
  )
  const raised = applyReceipt(chat, ALICE, { deliveredSeq: 2, readSeq: 1 }, BOB)
  expect(raised.messages.map(({ status }) => status)).toEqual(['READ', 'DELIVERED', 'SENT'])
  const later = applyReceipt(raised, 'user_carol', { deliveredSeq: 3, readSeq: 0 }, BOB)
  expect(later.messages.map(({ status }) => status)).toEqual(['READ', 'DELIVERED', 'DELIVERED'])
  expect(later.lastMessage?.status).toBe('DELIVERED')
  const inCompany = applyReceipt(
    after([sent(1, { sender: user(BOB) })]),
    'user_carol',
    { deliveredSeq: 1, readSeq: 1 },
    BOB,
  )
  expect(inCompany.messages.map(({ status }) => status)).toEqual(['SENT'])
})
