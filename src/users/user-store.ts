import type { UserId } from '../ids.ts'
import type { JsonObject } from '../lib/bounded-json.ts'
import type { Reader } from '../store/sql/reader.ts'
import { SHARED_BY_CONNECTING, shareStatement } from '../store/sql/shared-statement.ts'
import type { Writer } from '../store/sql/writer.ts'
import type { Profile, User, UserInput } from './user.ts'

export type UserStore = Readonly<{
  /**
   * Creates the user, or updates name and picture, unless the stored ones are from a newer token. Returns whether the
   * user may sign in.
   */
  upsert(profile: Profile): Promise<boolean>
  /** Creates the users, or updates them, whatever token the stored ones are from. No earlier token changes them. */
  put(users: readonly UserInput[]): Promise<void>
  /** Returns false if there is no such user. A user who is in the state already keeps it. */
  setDeactivated(id: UserId, isDeactivated: boolean): Promise<boolean>
  /** Returns the users that exist, in no particular order. */
  findMany(ids: readonly UserId[]): Promise<readonly User[]>
}>

// One row per user by the primary key of users, in order of id, so that two statements cannot deadlock. Locks a row
// only if something changes. SQL rather than Prisma, whose upsert cannot make the update depend on the stored row. A
// token without a name has the subject in its place, and the tokens of many identity providers have neither name nor
// picture. Such a token does not change the stored name and picture.
const UPSERT = {
  name: 'user_upsert',
  text: `
    WITH written AS (
      INSERT INTO users AS u (id, name, avatar_url, claims_issued_at)
      SELECT p.id, p.name, p.avatar_url, p.issued_at
      FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[]) AS p(id, name, avatar_url, issued_at)
      ORDER BY p.id
      ON CONFLICT (id) DO UPDATE
        SET name = CASE WHEN EXCLUDED.name = u.id THEN u.name ELSE EXCLUDED.name END,
          avatar_url = COALESCE(EXCLUDED.avatar_url, u.avatar_url),
          claims_issued_at = EXCLUDED.claims_issued_at
        WHERE EXCLUDED.claims_issued_at >= u.claims_issued_at
          AND (EXCLUDED.name NOT IN (u.id, u.name) OR EXCLUDED.avatar_url <> COALESCE(u.avatar_url, ''))
    )
    SELECT k.id FROM unnest($1::text[]) AS k(id)
    WHERE (SELECT u.deactivated_at IS NOT NULL FROM users u WHERE u.id = k.id)`,
}

// As UPSERT, for the product's backend, which knows its users better than a token does. Times of tokens depend on the
// clocks of issuers and gateways, so they do not decide whether this is written. The stored time becomes that of the
// database, and at least one later than before: a token that was used already does not undo the change. It is stored
// also if nothing else changes, because an earlier token may still arrive.
const PUT = {
  name: 'user_put',
  text: `
    INSERT INTO users AS u (id, name, avatar_url, claims_issued_at, data)
    SELECT p.id, p.name, p.avatar_url, clock_timestamp(), p.data
    FROM unnest($1::text[], $2::text[], $3::text[], $4::json[]) AS p(id, name, avatar_url, data)
    ORDER BY p.id
    ON CONFLICT (id) DO UPDATE
      SET name = EXCLUDED.name,
        avatar_url = COALESCE(EXCLUDED.avatar_url, u.avatar_url),
        claims_issued_at = GREATEST(EXCLUDED.claims_issued_at, u.claims_issued_at + interval '1 millisecond'),
        data = CASE WHEN EXCLUDED.id = ANY ($5::text[]) THEN EXCLUDED.data ELSE u.data END`,
}

// Locks one row of users, by its primary key.
const SET_DEACTIVATED = {
  name: 'user_set_deactivated',
  text: `
    UPDATE users SET deactivated_at = CASE WHEN $2 THEN COALESCE(deactivated_at, clock_timestamp()) END
    WHERE id = $1 RETURNING id`,
}

/** Users who sign in at the same time share statements and commits. */
const SHARED = { ...SHARED_BY_CONNECTING, maxBatch: 200 }

export function createUserStore({ writer, reader }: { writer: Writer; reader: Reader }): UserStore {
  return {
    upsert: shareStatement<Profile, boolean>({
      ...SHARED,
      async run(profiles) {
        const deactivated = new Set<UserId>()
        // A statement can change a row once. Several profiles of one user are written one after the other.
        for (const round of roundsOf(profiles)) {
          const rows = await writer.query<Pick<User, 'id'>>(UPSERT, columnsOf(round))
          for (const { id } of rows) deactivated.add(id)
        }
        return profiles.map(({ id }) => !deactivated.has(id))
      },
    }),
    async put(users) {
      for (const round of roundsOf(users)) await writer.query(PUT, inputColumnsOf(round))
    },
    setDeactivated: async (id, isDeactivated) =>
      (await writer.query(SET_DEACTIVATED, [id, isDeactivated])).length > 0,
    async findMany(ids) {
      const rows = await reader.prisma.user.findMany({
        where: { id: { in: [...ids] } },
        select: { id: true, name: true, avatarUrl: true, deactivatedAt: true, data: true },
      })
      return rows.map(toUser)
    },
  }
}

type UserRow = Readonly<{
  id: string
  name: string
  avatarUrl: string | null
  deactivatedAt: Date | null
  data: unknown
}>

/** Splits profiles so that each round has a user once. Each user's profiles keep their order. */
function* roundsOf<Item extends Pick<User, 'id'>>(
  profiles: readonly Item[],
): Generator<readonly Item[], void, void> {
  const perUser = [...Map.groupBy(profiles, ({ id }) => id).values()]
  const rounds = Math.max(0, ...perUser.map(({ length }) => length))
  for (let round = 0; round < rounds; round++) yield perUser.flatMap((some) => some[round] ?? [])
}

function columnsOf(profiles: readonly Profile[]): unknown[] {
  return [
    profiles.map(({ id }) => id),
    profiles.map(({ name }) => name),
    profiles.map(({ avatarUrl }) => avatarUrl),
    profiles.map(({ issuedAt }) => issuedAt),
  ]
}

function inputColumnsOf(users: readonly UserInput[]): unknown[] {
  return [
    users.map(({ id }) => id),
    users.map(({ name }) => name),
    users.map(({ avatarUrl }) => avatarUrl),
    users.map(({ data }) => (data === undefined || data === null ? null : JSON.stringify(data))),
    // Those whose data is to be written, be it null.
    users.filter(({ data }) => data !== undefined).map(({ id }) => id),
  ]
}

function toUser({ id, name, avatarUrl, deactivatedAt, data }: UserRow): User {
  const user = { id: id as UserId, name, avatarUrl, data: data as JsonObject | null }
  return deactivatedAt === null ? user : { ...user, deactivatedAt }
}
