import type { UserId } from '../ids.ts'
import type { Writer } from '../store/sql/writer.ts'

/** Somebody who wants to see somebody's presence. */
export type PresenceGrant = Readonly<{ viewerId: UserId; userId: UserId }>

/** Who may see whose presence: everybody their own, and those who share a chat each other's. */
export type VisibilityStore = Readonly<{
  /** Those of `sights` that are allowed now. The same statement, whatever the answer. */
  allowed(sights: readonly PresenceGrant[]): Promise<readonly PresenceGrant[]>
}>

// The viewer's memberships by their index on the user, then the other's by the primary key, then the chat by its own.
// A direct chat in which nothing was said yet is one that the other person does not know of. From the primary: what a
// removal takes away must not be seen because a replica lags.
const ALLOWED = {
  name: 'presence_allowed',
  text: `
    SELECT s.viewer_id AS "viewerId", s.user_id AS "userId"
    FROM unnest($1::text[], $2::text[]) AS s(viewer_id, user_id)
    WHERE s.viewer_id = s.user_id OR EXISTS (
      SELECT FROM members mine
        JOIN members theirs ON theirs.chat_id = mine.chat_id AND theirs.user_id = s.user_id
        JOIN chats c ON c.id = mine.chat_id
      WHERE mine.user_id = s.viewer_id AND mine.left_seq IS NULL AND theirs.left_seq IS NULL AND c.head_seq > 0)`,
}

export function createVisibilityStore({ writer }: { writer: Writer }): VisibilityStore {
  return {
    async allowed(sights) {
      if (sights.length === 0) return []
      const values = [sights.map(({ viewerId }) => viewerId), sights.map(({ userId }) => userId)]
      return writer.query<PresenceGrant>(ALLOWED, values)
    },
  }
}
