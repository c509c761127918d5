import type { ChatId, Seq, UserId } from '../ids.ts'
import type { Writer } from '../store/sql/writer.ts'

/** The present members of a chat after its newest membership change. Of a deleted chat, the users who are told. */
export type MemberSnapshot = Readonly<{ membersSeq: Seq; userIds: readonly UserId[] }>

export type AudienceStore = Readonly<{
  /**
   * Returns undefined if the chat does not exist. Reads from the primary, because a replica may not have a member who
   * has just joined.
   */
  memberSnapshot(chatId: ChatId): Promise<MemberSnapshot | undefined>
}>

// Primary key of chats; range of the primary key of members. Takes no lock. One statement, so that `membersSeq` and the
// members are of the same snapshot.
const MEMBERSHIP = {
  name: 'audience_membership',
  text: `
    SELECT c.members_seq AS "membersSeq", ARRAY(
      SELECT m.user_id FROM members m
      WHERE m.chat_id = c.id AND (m.left_seq IS NULL OR c.deleted_at IS NOT NULL)
    ) AS "userIds"
    FROM chats c WHERE c.id = $1`,
}

export function createAudienceStore({ writer }: { writer: Writer }): AudienceStore {
  return {
    memberSnapshot: async (chatId) => (await writer.query<MemberSnapshot>(MEMBERSHIP, [chatId]))[0],
  }
}
