import type { JsonObject } from '../lib/bounded-json.ts'
import { type ChatId, type Seq, SYSTEM_USER_ID, type UserId } from '../ids.ts'
import { isWithin, type MembershipPeriod } from './membership-period.ts'

export type ChatKind = 'DIRECT' | 'GROUP'
export type MemberRole = 'OWNER' | 'ADMIN' | 'MEMBER'

/** The part of a chat that is the same for all of its members. */
export type Chat = Readonly<{
  id: ChatId
  kind: ChatKind
  title: string | null
  creatorId: UserId
  headSeq: Seq
  memberCount: number
  messageTtlSeconds: number | null
  /** The product's own data. */
  data: JsonObject | null
  createdAt: Date
  lastActivityAt: Date
  /** Null unless the chat is deleted. Only its last event shows it then. */
  deletedAt: Date | null
}>

/** Whether a chat causes notifications for one of its members. `until`: when NONE ends; null: it does not end. */
export type ChatNotifications = Readonly<{ level: 'ALL' | 'NONE'; until: Date | null }>

/**
 * A chat with more members than this is large: a receipt goes to the senders of the messages that were read, not to all
 * members. Otherwise the cost of one message would grow with the square of the number of its readers.
 */
export const LARGE_CHAT = 100

/** A user's membership of a chat, present or past. */
export type Member = Readonly<{
  chatId: ChatId
  userId: UserId
  role: MemberRole
  joinedAt: Date
  /** The first event of the present or last membership period. */
  joinedSeq: Seq
  leftAt: Date | null
  /** The last event of the last membership period; null for a present member. */
  leftSeq: Seq | null
  /** The membership periods before that, in order. Usually empty. */
  earlierPeriods: readonly MembershipPeriod[]
  deliveredSeq: Seq
  readSeq: Seq
}>

/** A membership as a viewer sees it. */
export type ViewedMember = Member &
  Readonly<{
    viewerId: UserId
    /** Whether the viewer has left, and so sees another user's membership as it was then, but for its role. */
    isPast: boolean
  }>

/**
 * A chat with the membership of the viewer. All reads of a chat's contents take a view, so that none of them can forget
 * to check what the viewer may see.
 */
export type ChatView = Readonly<{ chat: Chat; member: Member }>

/** Returns a view that shows the whole chat, for the product's backend. */
export function viewOfAll(chat: Chat): ChatView {
  const period = { joinedAt: chat.createdAt, joinedSeq: 1, leftAt: null, leftSeq: null, earlierPeriods: [] }
  const watermarks = { deliveredSeq: chat.headSeq, readSeq: chat.headSeq }
  const member = { chatId: chat.id, userId: SYSTEM_USER_ID, role: 'OWNER' as const, ...period, ...watermarks }
  return { chat, member }
}

/** Returns the seq of the last event that the view shows; 0 if the log is empty. */
export function lastVisibleSeq({ chat, member }: ChatView): Seq {
  return member.leftSeq ?? chat.headSeq
}

/** Returns the membership periods of the viewer, in order. The last one ends at the last visible event. */
export function visiblePeriods(view: ChatView): readonly MembershipPeriod[] {
  const { joinedSeq, earlierPeriods } = view.member
  return [...earlierPeriods, { first: joinedSeq, last: lastVisibleSeq(view) }]
}

/** Returns whether the view shows the event at `seq`. */
export function isVisible(view: ChatView, seq: Seq): boolean {
  return isWithin(visiblePeriods(view), seq)
}

/** A position in a user's list of chats. */
export type ChatListPosition = Readonly<{ activityAt: Date; chatId: ChatId }>

/** Names all members of a chat but one. */
export type WatermarkKey = Readonly<{ chatId: ChatId; exceptId: UserId }>
/**
 * The lowest watermarks of the other present members. If none is present, the highest watermarks of the
 * members who have left, so that a message that was read does not become unread.
 */
export type LowestWatermarks = WatermarkKey & Readonly<{ deliveredSeq: Seq; readSeq: Seq }>
