import type { ChatId, Seq, UserId } from '../ids.ts'
import type { ChatEventType } from '../events/chat-event.ts'
import type { JsonObject } from '../lib/bounded-json.ts'
import type { ChatKind, MemberRole } from '../events/chat.ts'

/**
 * A range of one chat's log: the events after `afterSeq`, up to and including `untilSeq`. Reading it returns events
 * without a gap. If retention has deleted its first events, the result starts later.
 */
export type LogRange = Readonly<{ chatId: ChatId; afterSeq: Seq; untilSeq: Seq }>

/** The columns of a chat that are read while its row is locked. */
export type ChatRow = Readonly<{
  kind: ChatKind
  title: string | null
  headSeq: Seq
  memberCount: number
  messageTtlSeconds: number | null
  data: JsonObject | null
  isDeleted: boolean
  /** The database's time, or the chat's last activity if that is later: time never goes back inside a chat. */
  now: Date
}>

/** The row of an event that has no seq yet. */
export type NewEventRow = Readonly<{
  type: ChatEventType
  actorId: UserId
  messageSeq?: Seq
  subjectId?: UserId
  role?: MemberRole
  emoji?: string
  added?: boolean
}>
