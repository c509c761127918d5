import { parsePeriods } from '../events/membership-period.ts'
import type { Chat, ChatView, Member, ViewedMember } from '../events/chat.ts'
import type { Seq, UserId } from '../ids.ts'
import { parseTimestamp } from '../store/sql/timestamps.ts'

export type MemberRow = Omit<Member, 'earlierPeriods'> & Readonly<{ earlierPeriods: string }>
export type ViewRow = Chat & Omit<MemberRow, 'chatId'>
/** The past period is set if the viewer has left, and the member joined again after that. */
export type MembershipRow = MemberRow &
  Readonly<{ viewerId: UserId; viewerLeftSeq: Seq | null }> &
  (
    | Readonly<{ pastFirst: null; pastLast: null; pastJoinedAt: null; pastLeftAt: null }>
    | Readonly<{ pastFirst: Seq; pastLast: Seq; pastJoinedAt: Date; pastLeftAt: Date }>
  )

// A member who has left sees the chat as it was then.
export const CHAT_COLUMNS = `
  c.id, c.kind, c.creator_id AS "creatorId", c.head_seq AS "headSeq",
  CASE WHEN m.left_seq IS NULL THEN c.title ELSE m.left_title END AS title,
  CASE WHEN m.left_seq IS NULL THEN c.member_count ELSE m.left_member_count END AS "memberCount",
  CASE WHEN m.left_seq IS NULL THEN c.message_ttl_seconds ELSE m.left_message_ttl_seconds END AS "messageTtlSeconds",
  CASE WHEN m.left_seq IS NULL THEN c.data END AS data,
  c.created_at AS "createdAt", c.last_activity_at AS "lastActivityAt",
  c.deleted_at AS "deletedAt"`

export const MEMBER_COLUMNS = `
  m.user_id AS "userId", m.role, m.joined_at AS "joinedAt", m.joined_seq AS "joinedSeq",
  m.left_at AS "leftAt", m.left_seq AS "leftSeq", m.earlier_stays::text AS "earlierPeriods",
  m.delivered_seq AS "deliveredSeq", m.read_seq AS "readSeq"`

/** The columns of both, in their order. */
export const VIEW_COLUMNS = {
  id: String,
  kind: String,
  creatorId: String,
  headSeq: Number,
  title: String,
  memberCount: Number,
  messageTtlSeconds: Number,
  data: JSON.parse,
  createdAt: parseTimestamp,
  lastActivityAt: parseTimestamp,
  deletedAt: parseTimestamp,
  userId: String,
  role: String,
  joinedAt: parseTimestamp,
  joinedSeq: Number,
  leftAt: parseTimestamp,
  leftSeq: Number,
  earlierPeriods: String,
  deliveredSeq: Number,
  readSeq: Number,
}

export function toView(row: ViewRow): ChatView {
  const { id, kind, title, creatorId, headSeq, memberCount, messageTtlSeconds } = row
  const { createdAt, lastActivityAt, deletedAt, data } = row
  const rest = { createdAt, lastActivityAt, deletedAt, data }
  return {
    chat: { id, kind, title, creatorId, headSeq, memberCount, messageTtlSeconds, ...rest },
    member: toMember({ ...row, chatId: id }),
  }
}

export function toMember(row: MemberRow): Member {
  const { chatId, userId, role, joinedAt, joinedSeq, leftAt, leftSeq, deliveredSeq, readSeq } = row
  const earlierPeriods = parsePeriods(row.earlierPeriods)
  return {
    chatId,
    userId,
    role,
    joinedAt,
    joinedSeq,
    leftAt,
    leftSeq,
    earlierPeriods,
    deliveredSeq,
    readSeq,
  }
}

/**
 * Returns the membership as the viewer sees it. A viewer who has left sees the membership of another user as it was
 * then. Returns undefined if the other user joined for the first time after that.
 */
export function asSeen(row: MembershipRow): ViewedMember | undefined {
  const { viewerId, viewerLeftSeq } = row
  const member = toMember(row)
  if (viewerLeftSeq === null || viewerId === row.userId) return { ...member, viewerId, isPast: false }
  const then = row.joinedSeq <= viewerLeftSeq ? member : lastPeriodOf(row)
  if (then === undefined) return undefined
  const hasLeftSince = then.leftSeq !== null && then.leftSeq > viewerLeftSeq
  return {
    ...then,
    ...(hasLeftSince ? { leftAt: null, leftSeq: null } : {}),
    deliveredSeq: Math.min(then.deliveredSeq, viewerLeftSeq),
    readSeq: Math.min(then.readSeq, viewerLeftSeq),
    viewerId,
    isPast: true,
  }
}

/** Roles and watermarks of the past periods are not kept. */
function lastPeriodOf(row: MembershipRow): Member | undefined {
  if (row.pastFirst === null) return undefined
  const { pastFirst, pastLast, pastJoinedAt, pastLeftAt } = row
  return {
    ...toMember(row),
    role: 'MEMBER',
    joinedAt: pastJoinedAt,
    joinedSeq: pastFirst,
    leftAt: pastLeftAt,
    leftSeq: pastLast,
    deliveredSeq: pastLast,
    readSeq: pastLast,
  }
}
