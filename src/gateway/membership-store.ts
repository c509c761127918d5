import { LARGE_CHAT } from '../events/chat.ts'
import type { ChatId, Seq, UserId } from '../ids.ts'
import type { Writer } from '../store/sql/writer.ts'
import type { ReceiptAdvanced } from '../events/signal.ts'

/**
 * From where to where one chat's log reaches for somebody who is in it, or was: then it ends with the event that removed
 * them.
 */
export type MembershipHead = Readonly<{
  userId: UserId
  chatId: ChatId
  joinedSeq: Seq
  headSeq: Seq
  floorSeq: Seq
}>

/** What a gateway compares with what it passed on. Reads from the primary: a replica would say that all is well. */
export type MembershipStore = Readonly<{
  /** Every chat that these people are in or were in, by their present or last time in it; not where nothing was said. */
  heads(userIds: readonly UserId[]): Promise<readonly MembershipHead[]>
  /** Watermarks in these people's chats that moved at or after `since`; not in large chats. */
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

// Members by their index on the user, then everybody in those chats by the primary key.
const RECEIPTS = {
  name: 'membership_receipts',
  text: `
    SELECT DISTINCT 'ReceiptAdvanced' AS type, m.chat_id AS "chatId", m.user_id AS "userId",
      m.delivered_seq AS "deliveredSeq", m.read_seq AS "readSeq", m.receipt_at AS at
    FROM members person
      JOIN chats c ON c.id = person.chat_id AND c.member_count <= $3
      JOIN members m ON m.chat_id = person.chat_id AND m.left_seq IS NULL
    WHERE person.user_id = ANY ($1::text[]) AND person.left_seq IS NULL AND m.receipt_at >= $2`,
}

export function createMembershipStore({ writer }: { writer: Writer }): MembershipStore {
  return {
    heads: (userIds) => writer.query<MembershipHead>(HEADS, [userIds]),
    receipts: (userIds, since) => writer.query<ReceiptAdvanced>(RECEIPTS, [userIds, since, LARGE_CHAT]),
  }
}
