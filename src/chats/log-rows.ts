import type { ChatId, Seq, UserId } from '../ids.ts'
import type { ChatEventType } from '../events/chat-event.ts'
import type { ChatKind, MemberRole } from '../events/chat.ts'

/**
 * A stretch of one chat's log: seqs from just after `afterSeq` up to and including `untilSeq`. What is read of
 * one is without gap, from its start on, or from later on where the log no longer reaches back to that.
 */
export type LogRange = Readonly<{ chatId: ChatId; afterSeq: Seq; untilSeq: Seq }>

/** What a chat's row says while it is locked. */
export type ChatRow = Readonly<{
  kind: ChatKind
  title: string | null
  headSeq: Seq
  memberCount: number
  messageTtlSeconds: number | null
  now: Date
}>

/** An event's row, before the log gave it a seq. */
export type NewEventRow = Readonly<{
  type: ChatEventType
  actorId: UserId
  messageSeq?: Seq
  subjectId?: UserId
  role?: MemberRole
  emoji?: string
  added?: boolean
}>
