import type { ChatId, MessageId, Seq, UserId } from '../ids.ts'

/** The present state of a message. */
export type Message = Readonly<{
  chatId: ChatId
  /** Where in the chat's log it was sent; with the chat it is the message's id. */
  seq: Seq
  senderId: UserId
  clientMessageId: string
  /** Null once deleted, and some time after it expired. Ask `isExpired` before showing it. */
  body: string | null
  replyToSeq: Seq | null
  sentAt: Date
  editedAt: Date | null
  deletedAt: Date | null
  /** From then on nothing of what it said is shown to anybody. */
  expiresAt: Date | null
  /**
   * Seen at the moment in which it was sent: nobody can have received it yet, or reacted to it. Whoever tells of it
   * need not look that up; what has happened since is told by events of its own.
   */
  isJustSent?: true
  /** An event tells somebody of it who may not see it, see `concealed`. */
  isConcealed?: true
}>

/** Who reacted with one emoji, in the order in which they did. */
export type Reaction = Readonly<{ emoji: string; userIds: readonly UserId[] }>

/** Whether its time is over, at a moment in milliseconds since 1970. Its place in the log remains. */
export function isExpired({ expiresAt }: Pick<Message, 'expiresAt'>, nowMs: number): boolean {
  return expiresAt !== null && expiresAt.getTime() <= nowMs
}

/**
 * A message from before somebody's time may be changed in it. Their log tells of the change, since it has no holes, but
 * nothing of what was said.
 */
export function concealed(message: Message): Message {
  return { ...message, body: null, replyToSeq: null, isConcealed: true }
}

export function messageIdOf({ chatId, seq }: Message): MessageId {
  return { chatId, seq }
}

/** How far a message has come with everybody it was sent to. */
export type MessageStatus = 'SENT' | 'DELIVERED' | 'READ'

/**
 * Derived, never stored: `lowest` are the watermarks that every other member has passed. Where there never was anybody
 * else a message stays SENT.
 */
export function statusOf(
  seq: Seq,
  lowest: Readonly<{ deliveredSeq: Seq; readSeq: Seq }> | undefined,
): MessageStatus {
  if (lowest === undefined) return 'SENT'
  if (seq <= lowest.readSeq) return 'READ'
  return seq <= lowest.deliveredSeq ? 'DELIVERED' : 'SENT'
}
