import type { UserId } from '../ids.ts'
import type { Reader } from '../store/sql/reader.ts'
import type { Writer } from '../store/sql/writer.ts'
import type { Profile, User } from './user.ts'

export type UserStore = Readonly<{
  /** Creates the user, or updates name and picture, unless the stored ones are from a newer token. */
  upsert(profile: Profile): Promise<void>
  /** Returns the users that exist, in no particular order. */
  findMany(ids: readonly UserId[]): Promise<readonly User[]>
}>

// One row by the primary key of users. Locks the row only if something changes. SQL rather than Prisma, whose upsert
// cannot make the update depend on the stored row. A token without a name has the subject in its place, and the
// tokens of many identity providers have neither name nor picture. Such a token does not change the stored name and
// picture.
const UPSERT = {
  name: 'user_upsert',
  text: `
    INSERT INTO users AS u (id, name, avatar_url, claims_issued_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (id) DO UPDATE
      SET name = CASE WHEN EXCLUDED.name = u.id THEN u.name ELSE EXCLUDED.name END,
        avatar_url = COALESCE(EXCLUDED.avatar_url, u.avatar_url),
        claims_issued_at = EXCLUDED.claims_issued_at
      WHERE EXCLUDED.claims_issued_at >= u.claims_issued_at
        AND (EXCLUDED.name NOT IN (u.id, u.name) OR EXCLUDED.avatar_url <> COALESCE(u.avatar_url, ''))`,
}

export function createUserStore({ writer, reader }: { writer: Writer; reader: Reader }): UserStore {
  return {
    async upsert({ id, name, avatarUrl, issuedAt }) {
      await writer.query(UPSERT, [id, name, avatarUrl, issuedAt])
    },
    async findMany(ids) {
      const rows = await reader.prisma.user.findMany({
        where: { id: { in: [...ids] } },
        select: { id: true, name: true, avatarUrl: true },
      })
      return rows.map((row) => ({ ...row, id: row.id as UserId }))
    },
  }
}
