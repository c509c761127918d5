import { z } from 'zod'
import type { Topic } from '../bus/topic.ts'
import type { ChatEvent } from '../events/chat-event.ts'
import type { Signal } from '../events/signal.ts'
import { MAX_SEQ } from '../ids.ts'

const id = z.string().min(1)
const seq = z.int().min(0).max(MAX_SEQ)
const instant = z.iso.datetime().transform((text) => new Date(text))

const message = z.object({
  chatId: id,
  seq,
  senderId: id,
  clientMessageId: z.string(),
  body: z.string().nullable(),
  replyToSeq: seq.nullable(),
  sentAt: instant,
  editedAt: instant.nullable(),
  deletedAt: instant.nullable(),
  expiresAt: instant.nullable(),
  isJustSent: z.literal(true).optional(),
})
const place = z.object({ chatId: id, seq, actorId: id, at: instant, joined: z.array(id) })
const event = z.discriminatedUnion('type', [
  place.extend({ type: z.literal('MessageSent'), message }),
  place.extend({ type: z.literal('MessageEdited'), message }),
  place.extend({ type: z.literal('MessageDeleted'), message }),
  place.extend({ type: z.literal('ReactionChanged'), message, emoji: z.string(), added: z.boolean() }),
  place.extend({ type: z.literal('MemberAdded'), userId: id }),
  place.extend({ type: z.literal('MemberRemoved'), userId: id }),
  place.extend({
    type: z.literal('MemberRoleChanged'),
    userId: id,
    role: z.enum(['OWNER', 'ADMIN', 'MEMBER']),
  }),
  place.extend({ type: z.literal('ChatUpdated') }),
])

const signal = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('ReceiptAdvanced'),
    chatId: id,
    userId: id,
    deliveredSeq: seq,
    readSeq: seq,
    at: instant,
    onlyTo: z.array(id).optional(),
  }),
  z.object({ type: z.literal('TypingChanged'), chatId: id, userId: id, typing: z.boolean() }),
])

/** Committed events of chats whose members may be on the receiving gateway. */
export const chatEventTopic: Topic<readonly ChatEvent[]> = {
  field: 'events',
  schema: z.array(event),
  absent: [],
}

/** Receipts and typing. */
export const signalTopic: Topic<readonly Signal[]> = {
  field: 'signals',
  schema: z.array(signal),
  absent: [],
}

/** True: the sender could not publish something, so the receiver may have missed it and must resync. */
export const resyncTopic: Topic<boolean> = { field: 'isAlarm', schema: z.boolean(), absent: false }
