import type { ChatId, Seq, UserId } from '../ids.ts'

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

/** One person's part in a chat. */
export type Member = Readonly<{
  chatId: ChatId
  userId: UserId
  role: MemberRole
  joinedAt: Date
  /** The first event that they see. */
  joinedSeq: Seq
  leftAt: Date | null
  /** The last event that they see; null while they are a member. */
  leftSeq: Seq | null
  deliveredSeq: Seq
  readSeq: Seq
}>

/**
 * A chat together with the membership of whoever looks at it. All reading goes through one: there is no way to
 * a chat's contents that does not say for whom.
 */
export type ChatView = Readonly<{ chat: Chat; member: Member }>

/** The part of the log that a member sees: seqs from `first` to `last`, both included. */
export type VisibleRange = Readonly<{ first: Seq; last: Seq }>

/** What of the log this view shows. Empty (last before first) where nothing was said yet. */
export function visibleRange({ chat, member }: ChatView): VisibleRange {
  return { first: member.joinedSeq, last: member.leftSeq ?? chat.headSeq }
}

export function isVisible(view: ChatView, seq: Seq): boolean {
  const { first, last } = visibleRange(view)
  return first <= seq && seq <= last
}

/** A place in somebody's list of chats. */
export type ChatListPosition = Readonly<{ activityAt: Date; chatId: ChatId }>

/** All present members of a chat but one. */
export type WatermarkKey = Readonly<{ chatId: ChatId; exceptId: UserId }>
/** The watermarks that all of them have passed. */
export type LowestWatermarks = WatermarkKey & Readonly<{ deliveredSeq: Seq; readSeq: Seq }>
