import type { ChatId, Seq, UserId } from '../ids.ts'
import type { Writer } from '../store/sql/writer.ts'

/** Who is in a chat, as of its newest change of members. */
export type Membership = Readonly<{ membersSeq: Seq; userIds: readonly UserId[] }>

export type AudienceStore = Readonly<{
  /** Undefined where there is no such chat. Reads from the primary: whoever was just let in must not be missing. */
  membership(chatId: ChatId): Promise<Membership | undefined>
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
    membership: async (chatId) => (await writer.query<Membership>(MEMBERSHIP, [chatId]))[0],
  }
}
