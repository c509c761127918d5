import type { UserId } from '../ids.ts'
import type { Writer } from '../store/sql/writer.ts'

/** The right of a viewer to see a user's presence. */
export type PresenceGrant = Readonly<{ viewerId: UserId; userId: UserId }>

/** Users see their own presence, and the presence of users in their chats. */
export type VisibilityStore = Readonly<{
  /** Returns the grants that hold now. Takes the same statement whether they hold or not. */
  allowed(grants: readonly PresenceGrant[]): Promise<readonly PresenceGrant[]>
}>

// Uses the index of the viewer's memberships by user, then the primary keys of the other membership and of the chat.
// An empty direct chat does not count, because the other user cannot see it yet. Reads from the primary: a lagging
// replica would still show users from whose chat the viewer was removed.
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
    async allowed(grants) {
      if (grants.length === 0) return []
      const values = [grants.map(({ viewerId }) => viewerId), grants.map(({ userId }) => userId)]
      return writer.query<PresenceGrant>(ALLOWED, values)
    },
  }
}
