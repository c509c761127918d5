import { z } from 'zod'
import type { ChatEvent } from '../events/chat-event.ts'
import type { Signal } from '../events/signal.ts'
import { MAX_SEQ } from '../ids.ts'
import type { PresenceEdge } from '../events/presence-state.ts'

/** What one gateway tells another in one message. */
export type Envelope = Readonly<{
  events: readonly ChatEvent[]
  signals: readonly Signal[]
  /** Who came online and who went offline, for those here who watch them. */
  edges?: readonly PresenceEdge[] | undefined
  /** The sender could not tell everything: whoever reads this may have missed something. */
  isAlarm: boolean
}>

/** Raised when the form changes so that older gateways would misread it; they drop what they don't know. */
const VERSION = 1

const seq = z.int().min(0).max(MAX_SEQ)
const instant = z.iso.datetime().transform((text) => new Date(text))
const maybe = instant.nullable()
const id = z.string().min(1)

const message = z.object({
  chatId: id,
  seq,
  senderId: id,
  clientMessageId: z.string(),
  body: z.string().nullable(),
  replyToSeq: seq.nullable(),
  sentAt: instant,
  editedAt: maybe,
  deletedAt: maybe,
  expiresAt: maybe,
  isJustSent: z.literal(true).optional(),
})
const entry = z.object({ chatId: id, seq, actorId: id, at: instant, joined: z.array(id) })
const event = z.discriminatedUnion('type', [
  entry.extend({ type: z.literal('MessageSent'), message }),
  entry.extend({ type: z.literal('MessageEdited'), message }),
  entry.extend({ type: z.literal('MessageDeleted'), message }),
  entry.extend({ type: z.literal('ReactionChanged'), message, emoji: z.string(), added: z.boolean() }),
  entry.extend({ type: z.literal('MemberAdded'), userId: id }),
  entry.extend({ type: z.literal('MemberRemoved'), userId: id }),
  entry.extend({
    type: z.literal('MemberRoleChanged'),
    userId: id,
    role: z.enum(['OWNER', 'ADMIN', 'MEMBER']),
  }),
  entry.extend({ type: z.literal('ChatUpdated') }),
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
const edge = z
  .object({
    userId: id,
    online: z.boolean().nullable(),
    isExcused: z.boolean().optional(),
    lastSeenAt: maybe,
    asOf: z.number(),
  })
  .refine(({ online, isExcused = false }) => online !== null || isExcused)
const envelope = z.object({
  v: z.literal(VERSION),
  events: z.array(event),
  signals: z.array(signal),
  edges: z.array(edge).optional(),
  isAlarm: z.boolean(),
})

export function encodeEnvelope(content: Envelope): string {
  return JSON.stringify({ v: VERSION, ...content })
}

/** The envelope, or undefined for anything else: a bus may carry garbage, and newer gateways' messages. */
export function decodeEnvelope(text: string): Envelope | undefined {
  const parsed = envelope.safeParse(parseJson(text))
  // The brands of ids are the compiler's own: at run time they are the strings that were validated here.
  return parsed.success ? (parsed.data as unknown as Envelope) : undefined
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
