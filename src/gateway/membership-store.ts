import { LARGE_CHAT } from '../events/chat.ts'
import type { ChatId, Seq, UserId } from '../ids.ts'
import type { Writer } from '../store/sql/writer.ts'
import type { ReceiptAdvanced } from '../events/signal.ts'

/** A chat as it was read for one of its present members, at one moment, in which the log ended at `headSeq`. */
export type MembershipSnapshot = Readonly<{
  chatId: ChatId
  /** The event that began the membership. */
  joinedSeq: Seq
  headSeq: Seq
  /** The seq of the last event that had left the log by then. */
  floorSeq: Seq
}>

/** A membership that has ended. */
export type PastMembership = Readonly<{ chatId: ChatId; leftSeq: Seq }>

/** How far a user should have received a chat. If they have left it, `headSeq` is the event that removed them. */
export type MembershipHead = MembershipSnapshot & Readonly<{ userId: UserId }>

/** The heads that a resync compares with the delivered events. Reads from the primary, because a replica may lag. */
export type MembershipStore = Readonly<{
  /** The present or last membership of these users in each of their chats, except chats with an empty log. */
  heads(userIds: readonly UserId[]): Promise<readonly MembershipHead[]>
  /** Watermarks in these users' chats that moved at or after `since`, except in large chats. */
  receipts(userIds: readonly UserId[], since: Date): Promise<readonly ReceiptAdvanced[]>
}>

// Members by their index on the user, then chats and floors by their primary keys.
const HEADS = {
  name: 'membership_heads',
  text: `
    SELECT m.user_id AS "userId", m.chat_id AS "chatId", m.joined_seq AS "joinedSeq",
      COALESCE(m.left_seq, c.head_seq) AS "headSeq", COALESCE(f.floor_seq, 0) AS "floorSeq"
    FROM members m JOIN chats c ON c.id = m.chat_id LEFT JOIN log_floors f ON f.chat_id = m.chat_id
    WHERE m.user_id = ANY ($1::text[]) AND c.head_seq > 0`,
}

// Members by their index on the user, then all members of those chats by the primary key.
const RECEIPTS = {
  name: 'membership_receipts',
  text: `
    SELECT DISTINCT 'ReceiptAdvanced' AS type, m.chat_id AS "chatId", m.user_id AS "userId",
      m.delivered_seq AS "deliveredSeq", m.read_seq AS "readSeq", m.receipt_at AS at
    FROM members own
      JOIN chats c ON c.id = own.chat_id AND c.member_count <= $3
      JOIN members m ON m.chat_id = own.chat_id AND m.left_seq IS NULL
    WHERE own.user_id = ANY ($1::text[]) AND own.left_seq IS NULL AND m.receipt_at >= $2`,
}

export function createMembershipStore({ writer }: { writer: Writer }): MembershipStore {
  return {
    heads: (userIds) => writer.query<MembershipHead>(HEADS, [userIds]),
    receipts: (userIds, since) => writer.query<ReceiptAdvanced>(RECEIPTS, [userIds, since, LARGE_CHAT]),
  }
}
