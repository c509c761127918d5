import type { ChatId, Seq, UserId } from '../ids.ts'
import type { Writer } from '../store/sql/writer.ts'

/** Who is in a chat, as of its newest change of members. */
export type MemberSnapshot = Readonly<{ membersSeq: Seq; userIds: readonly UserId[] }>

export type AudienceStore = Readonly<{
  /** Undefined where there is no such chat. Reads from the primary: whoever was just let in must not be missing. */
  memberSnapshot(chatId: ChatId): Promise<MemberSnapshot | undefined>
}>

// The chat by its primary key, and its members by theirs, which leads with the chat. One statement, so that the number
// and the people are of one moment.
const MEMBERSHIP = {
  name: 'audience_membership',
  text: `
    SELECT c.members_seq AS "membersSeq", ARRAY(
      SELECT m.user_id FROM members m WHERE m.chat_id = c.id AND m.left_seq IS NULL
    ) AS "userIds"
    FROM chats c WHERE c.id = $1`,
}

export function createAudienceStore({ writer }: { writer: Writer }): AudienceStore {
  return {
    memberSnapshot: async (chatId) => (await writer.query<MemberSnapshot>(MEMBERSHIP, [chatId]))[0],
  }
}
