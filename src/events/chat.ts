import type { ChatId, Seq, UserId } from '../ids.ts'
import { isWithin, type MembershipPeriod } from './membership-period.ts'

export type ChatKind = 'DIRECT' | 'GROUP'
export type MemberRole = 'OWNER' | 'ADMIN' | 'MEMBER'

/** A chat as everybody in it sees it. */
export type Chat = Readonly<{
  id: ChatId
  kind: ChatKind
  title: string | null
  creatorId: UserId
  headSeq: Seq
  memberCount: number
  messageTtlSeconds: number | null
  createdAt: Date
  lastActivityAt: Date
}>

/**
 * A chat of more members than this is large: who has read what is told there to those whose messages it is about, and
 * not to everybody, or the cost of one message would grow with the square of its readers.
 */
export const LARGE_CHAT = 100

/** One person's part in a chat. */
export type Member = Readonly<{
  chatId: ChatId
  userId: UserId
  role: MemberRole
  joinedAt: Date
  /** The first event that they see of their present or last stay. */
  joinedSeq: Seq
  leftAt: Date | null
  /** The last event that they see; null while they are a member. */
  leftSeq: Seq | null
  /** What they were there for before, in order; empty for most. */
  earlierPeriods: readonly MembershipPeriod[]
  deliveredSeq: Seq
  readSeq: Seq
}>

/**
 * A chat together with the membership of whoever looks at it. All reading goes through one: there is no way to
 * a chat's contents that does not say for whom.
 */
export type ChatView = Readonly<{ chat: Chat; member: Member }>

/** The last event that the view shows; 0 where nothing was said yet. */
export function lastVisibleSeq({ chat, member }: ChatView): Seq {
  return member.leftSeq ?? chat.headSeq
}

/** What of the log this view shows, in order. */
export function visiblePeriods(view: ChatView): readonly MembershipPeriod[] {
  const { joinedSeq, earlierPeriods } = view.member
  return [...earlierPeriods, { first: joinedSeq, last: lastVisibleSeq(view) }]
}

export function isVisible(view: ChatView, seq: Seq): boolean {
  return isWithin(visiblePeriods(view), seq)
}

/** A place in somebody's list of chats. */
export type ChatListPosition = Readonly<{ activityAt: Date; chatId: ChatId }>

/** All members of a chat but one. */
export type WatermarkKey = Readonly<{ chatId: ChatId; exceptId: UserId }>
/**
 * The watermarks that all of them who are present have passed. Once nobody else is present, those that somebody had
 * passed on leaving, so that what was read doesn't become unread.
 */
export type LowestWatermarks = WatermarkKey & Readonly<{ deliveredSeq: Seq; readSeq: Seq }>
