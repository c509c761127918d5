import fc from 'fast-check'
import type { ChatEvent } from '../../../src/events/chat-event.ts'
import type { ReceiptAdvanced } from '../../../src/events/signal.ts'
import { type ChatId, MAX_SEQ, type UserId } from '../../../src/ids.ts'
import type { PresenceEdge } from '../../../src/events/presence-state.ts'
import type { Message } from '../../../src/events/message.ts'

const utf16Unit = fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code))

/** Any text at all, with control characters and halves of surrogate pairs. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: utf16Unit }),
)

const seq = fc.integer({ min: 1, max: MAX_SEQ })
const instant = fc.date({ min: new Date('1970-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
const chatId = fc.uuid({ version: 7 }).map((id) => id as ChatId)
const userId = fc.string({ unit: 'grapheme', minLength: 1 }).map((id) => id as UserId)

const message: fc.Arbitrary<Message> = fc.record({
  chatId,
  seq,
  senderId: userId,
  clientMessageId: anyText,
  body: fc.option(anyText),
  replyToSeq: fc.option(seq),
  sentAt: instant,
  editedAt: fc.option(instant),
  deletedAt: fc.option(instant),
  expiresAt: fc.option(instant),
})

const entry = { chatId, seq, actorId: userId, at: instant, joined: fc.array(userId, { maxLength: 3 }) }
const role = fc.constantFrom('OWNER' as const, 'ADMIN' as const, 'MEMBER' as const)

/** Any event of any type. */
export const anyEvent: fc.Arbitrary<ChatEvent> = fc.oneof(
  fc.record({ ...entry, type: fc.constantFrom('MessageSent', 'MessageEdited', 'MessageDeleted'), message }),
  fc.record({ ...entry, type: fc.constant('ReactionChanged'), message, emoji: anyText, added: fc.boolean() }),
  fc.record({ ...entry, type: fc.constantFrom('MemberAdded', 'MemberRemoved'), userId }),
  fc.record({ ...entry, type: fc.constant('MemberRoleChanged'), userId, role }),
  fc.record({ ...entry, type: fc.constant('ChatUpdated') }),
)

/** Anybody's coming or going, or that it is unknown. */
export const anyEdge: fc.Arbitrary<PresenceEdge> = fc
  .record({
    userId,
    online: fc.option(fc.boolean()),
    lastSeenAt: fc.option(instant),
    asOf: fc.maxSafeNat(),
  })
  .map((edge) => (edge.online === null ? { ...edge, isExcused: true } : edge))

/** Any receipt. */
export const anyReceipt: fc.Arbitrary<ReceiptAdvanced> = fc.record({
  type: fc.constant('ReceiptAdvanced'),
  chatId,
  userId,
  deliveredSeq: seq,
  readSeq: fc.nat(MAX_SEQ),
  at: instant,
})
