import type { JsonObject } from '../lib/bounded-json.ts'
import type { Attachment } from './attachment.ts'
import { type ChatId, type MessageId, type Seq, SYSTEM_USER_ID, type UserId } from '../ids.ts'

/** The present state of a message. */
export type Message = Readonly<{
  chatId: ChatId
  /** The seq at which it was sent. With the chat it is the id of the message. */
  seq: Seq
  senderId: UserId
  clientMessageId: string
  /**
   * Null once deleted, and some time after the expiry. Check `isExpired` before showing it. Empty if the message has
   * only attachments.
   */
  body: string | null
  /** 0 once deleted, and some time after the expiry. */
  attachmentCount: number
  /** The attachments, if they are known already. Otherwise they are read by the id of the message. */
  attachments?: readonly Attachment[]
  replyToSeq: Seq | null
  /** The product's own type and data. Null if there are none, once deleted, and some time after the expiry. */
  type: string | null
  data: JsonObject | null
  sentAt: Date
  editedAt: Date | null
  deletedAt: Date | null
  /** From then on the content is hidden from all users. Null if the message does not expire. */
  expiresAt: Date | null
  /**
   * Set right after the message was stored: no user can have received it or reacted to it. So publishing it needs no
   * look-up of status and reactions. Later changes have events of their own.
   */
  isJustSent?: true
  /** Set if the viewer of an event may not see this message; see `concealed`. */
  isConcealed?: true
}>

/** SYSTEM: the product's backend sent it in its own name. It is never unread, and no receipt is about it. */
export type MessageKind = 'USER' | 'SYSTEM'

export function kindOf({ senderId }: Pick<Message, 'senderId'>): MessageKind {
  return senderId === SYSTEM_USER_ID ? 'SYSTEM' : 'USER'
}

/** The users who reacted with one emoji, in the order of their reactions. */
export type Reaction = Readonly<{ emoji: string; userIds: readonly UserId[] }>

/** Returns whether a message has expired at `nowMs`, in milliseconds since 1970. Its event stays in the log. */
export function isExpired({ expiresAt }: Pick<Message, 'expiresAt'>, nowMs: number): boolean {
  return expiresAt !== null && expiresAt.getTime() <= nowMs
}

/** Returns the body that a reader sees at `nowMs`; null if there is none. */
export function shownBody(message: Message, nowMs: number): string | null {
  const { body } = message
  return body === '' || isExpired(message, nowMs) ? null : body
}

/** Returns the type and data that a reader sees at `nowMs`. */
export function shownData(message: Message, nowMs: number): Pick<Message, 'type' | 'data'> {
  return isExpired(message, nowMs) ? { type: null, data: null } : message
}

/**
 * Returns a message without its content. A message from before a membership period may change within it. The member's
 * log includes the change, because it has no gaps, but must not reveal the content.
 */
export function concealed(message: Message): Message {
  return { ...withoutContent(message), replyToSeq: null, isConcealed: true }
}

/** Returns a message without its body, attachments and data. */
export function withoutContent({ attachments: _, ...message }: Message): Message {
  return { ...message, body: null, attachmentCount: 0, type: null, data: null }
}

export function messageIdOf({ chatId, seq }: Message): MessageId {
  return { chatId, seq }
}

/** DELIVERED and READ require all recipients. */
export type MessageStatus = 'SENT' | 'DELIVERED' | 'READ'

/**
 * Derives the status of a message, which is never stored. `lowest` are the watermarks that all other members have
 * passed. If the sender is the only member there ever was, the status stays SENT.
 */
export function statusOf(
  seq: Seq,
  lowest: Readonly<{ deliveredSeq: Seq; readSeq: Seq }> | undefined,
): MessageStatus {
  if (lowest === undefined) return 'SENT'
  if (seq <= lowest.readSeq) return 'READ'
  return seq <= lowest.deliveredSeq ? 'DELIVERED' : 'SENT'
}
