import { createHash } from 'node:crypto'
import type { ChatEvent } from '../../../src/events/chat-event.ts'
import type { ReceiptAdvanced } from '../../../src/events/signal.ts'
import type { ChatId, Seq, UserId } from '../../../src/ids.ts'
import type { Message } from '../../../src/events/message.ts'

export const alice = 'alice' as UserId
export const bob = 'bob' as UserId
export const carol = 'carol' as UserId

type EventOf<Type extends ChatEvent['type']> = Extract<ChatEvent, { type: Type }>
type Details = Readonly<{ by?: UserId; body?: string; joined?: readonly UserId[] }>

const AT = new Date('2026-11-23T09:00:00.000Z')

/** The same chat for the same name. */
export function chatId(name: string): ChatId {
  const digits = createHash('sha256').update(name).digest('hex').slice(0, 12)
  return `01900000-0000-7000-8000-${digits}` as ChatId
}

/** Entry number `seq` of the named chat's log: a message. */
export function sent(chat: string, seq: Seq, details: Details = {}): EventOf<'MessageSent'> {
  const { by = alice, body = `message ${seq}`, joined = [] } = details
  return { type: 'MessageSent', ...entry(chat, seq, by, joined), message: message(chat, seq, by, body) }
}

/** The entry that lets somebody in. */
export function memberAdded(chat: string, seq: Seq, userId: UserId): EventOf<'MemberAdded'> {
  return { type: 'MemberAdded', ...entry(chat, seq, alice, [userId]), userId }
}

/** The entry that shows somebody out. */
export function memberRemoved(chat: string, seq: Seq, userId: UserId): EventOf<'MemberRemoved'> {
  return { type: 'MemberRemoved', ...entry(chat, seq, alice, []), userId }
}

/** Somebody has the named chat up to `deliveredSeq`, and has read it up to `readSeq`. */
export function receipt(chat: string, userId: UserId, deliveredSeq: Seq, readSeq: Seq = 0): ReceiptAdvanced {
  return { type: 'ReceiptAdvanced', chatId: chatId(chat), userId, deliveredSeq, readSeq, at: AT }
}

/** All numbers from `first` to `last`. */
export function range(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index)
}

/** The seqs of those items that have one. */
export function seqsOf(items: readonly object[]): Seq[] {
  return items.flatMap((item) => ('seq' in item && typeof item.seq === 'number' ? [item.seq] : []))
}

function entry(chat: string, seq: Seq, actorId: UserId, joined: readonly UserId[]) {
  return { chatId: chatId(chat), seq, actorId, at: AT, joined }
}

function message(chat: string, seq: Seq, senderId: UserId, body: string): Message {
  const never = { editedAt: null, deletedAt: null, expiresAt: null }
  const key = `key ${seq}`
  return {
    chatId: chatId(chat),
    seq,
    senderId,
    clientMessageId: key,
    body,
    replyToSeq: null,
    sentAt: AT,
    ...never,
  }
}
