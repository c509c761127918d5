import type { UserId } from '../ids.ts'
import type { Statement } from '../store/sql/statement.ts'
import type { Writer } from '../store/sql/writer.ts'

/** Tokens that are rejected until `expiresAt`: one token by its id, or those of a user issued before a moment. */
export type Revocation = Readonly<
  | { type: 'token'; tokenId: string; expiresAt: Date }
  | { type: 'user'; userId: UserId; issuedBefore: Date; expiresAt: Date }
>

/** A part of the changes after a number. `upTo` is the number of the last one. */
export type RevocationChanges = Readonly<{ revocations: readonly Revocation[]; upTo: number }>

/**
 * The revocations, in the database that all gateways share. Each change has the next number, and a later number is
 * committed later.
 */
export type RevocationCommands = Readonly<{
  /**
   * Revokes the tokens of the user that were issued before the moment; default: now. A later moment and a longer time
   * win over those of an earlier call. `keepS`: how long, in seconds.
   */
  revokeUser(
    userId: UserId,
    options: Readonly<{ issuedBefore?: Date | undefined; keepS: number }>,
  ): Promise<Revocation>
  /** Revokes the token with this id (`jti`). */
  revokeToken(tokenId: string, options: Readonly<{ keepS: number }>): Promise<Revocation>
  /** Returns whether the user has ever signed in. */
  hasSignedIn(userId: UserId): Promise<boolean>
  /** Returns those in force, the newest first, at most 1,000. */
  list(): Promise<readonly Revocation[]>
  /** Returns the number of the newest change. 0: there was none. */
  newestChange(): Promise<number>
  /** Returns the changes after a number, in order, at most 1,000. */
  changesAfter(number: number): Promise<RevocationChanges>
}>

type Row = Readonly<{
  change: number
  tokenId: string | null
  userId: UserId | null
  issuedBefore: Date | null
  expiresAt: Date
}>

const COLUMNS = `
  change::float8 AS change, token_id AS "tokenId", user_id AS "userId", issued_before AS "issuedBefore",
  expires_at AS "expiresAt"`

/** Takes the next number, and deletes a few rows that have expired, so that the table stays small. */
const NEXT_CHANGE = `
  next AS (
    INSERT INTO revocation_changes AS c (id, number) VALUES (1, 1)
    ON CONFLICT (id) DO UPDATE SET number = c.number + 1 RETURNING number
  ),
  expired AS (
    SELECT change FROM revocations WHERE expires_at < clock_timestamp()
    ORDER BY expires_at LIMIT 100 FOR UPDATE SKIP LOCKED
  ),
  swept AS (DELETE FROM revocations WHERE change IN (SELECT change FROM expired))`

// Locks the only row of revocation_changes first, so that revocations are written one after the other. Expired rows are
// found by revocations_expires_at_idx. A row that is written again expires later, so that it is not among them. Devices
// that were signed in with one of the tokens get no push messages any more: a range of the primary key of push_targets.
const REVOKE_USER: Statement = {
  name: 'revocation_of_user',
  text: `
    WITH ${NEXT_CHANGE},
      targets AS (
        DELETE FROM push_targets
        WHERE user_id = $1 AND COALESCE(token_issued_at < COALESCE($2, clock_timestamp()), true)
      )
    INSERT INTO revocations AS r (change, user_id, issued_before, expires_at)
    SELECT number, $1, COALESCE($2::timestamptz, clock_timestamp()), clock_timestamp() + make_interval(secs => $3)
    FROM next
    ON CONFLICT (user_id) DO UPDATE
      SET change = EXCLUDED.change, issued_before = GREATEST(r.issued_before, EXCLUDED.issued_before),
        expires_at = GREATEST(r.expires_at, EXCLUDED.expires_at)
    RETURNING ${COLUMNS}`,
}

// As above, by the unique index of token_id, and that of push_targets.
const REVOKE_TOKEN: Statement = {
  name: 'revocation_of_token',
  text: `
    WITH ${NEXT_CHANGE},
      targets AS (DELETE FROM push_targets WHERE token_id = $1)
    INSERT INTO revocations AS r (change, token_id, expires_at)
    SELECT number, $1, clock_timestamp() + make_interval(secs => $2) FROM next
    ON CONFLICT (token_id) DO UPDATE
      SET change = EXCLUDED.change, expires_at = GREATEST(r.expires_at, EXCLUDED.expires_at)
    RETURNING ${COLUMNS}`,
}

// Reads one row of users by its primary key.
const HAS_SIGNED_IN: Statement = {
  name: 'revocation_has_signed_in',
  text: 'SELECT 1 FROM users WHERE id = $1',
}

// Reads the newest rows by the primary key.
const LIST: Statement = {
  name: 'revocation_list',
  text: `
    SELECT ${COLUMNS} FROM revocations
    WHERE expires_at > clock_timestamp() ORDER BY revocations.change DESC LIMIT 1000`,
}

// Reads the table's only row by its primary key.
const NEWEST_CHANGE: Statement = {
  name: 'revocation_newest_change',
  text: 'SELECT number::float8 AS number FROM revocation_changes WHERE id = 1',
}

// Reads a range of the primary key.
const CHANGES_AFTER: Statement = {
  name: 'revocation_changes_after',
  text: `
    SELECT ${COLUMNS} FROM revocations
    WHERE revocations.change > $1::bigint ORDER BY revocations.change LIMIT 1000`,
}

export function createRevocationCommands({
  writer,
}: Readonly<{ writer: Pick<Writer, 'query'> }>): RevocationCommands {
  async function write(statement: Statement, values: readonly unknown[]): Promise<Revocation> {
    const [row] = await writer.query<Row>(statement, values)
    if (row === undefined) throw new Error('The database returned no row for an insert')
    return revocationOf(row)
  }

  return {
    revokeUser: (userId, { issuedBefore, keepS }) =>
      write(REVOKE_USER, [userId, issuedBefore ?? null, keepS]),
    revokeToken: (tokenId, { keepS }) => write(REVOKE_TOKEN, [tokenId, keepS]),
    hasSignedIn: async (userId) => (await writer.query(HAS_SIGNED_IN, [userId])).length > 0,
    list: async () => (await writer.query<Row>(LIST)).map(revocationOf),
    newestChange: async () => (await writer.query<{ number: number }>(NEWEST_CHANGE))[0]?.number ?? 0,
    async changesAfter(number) {
      const rows = await writer.query<Row>(CHANGES_AFTER, [number])
      return { revocations: rows.map(revocationOf), upTo: rows.at(-1)?.change ?? number }
    },
  }
}

function revocationOf({ tokenId, userId, issuedBefore, expiresAt }: Row): Revocation {
  if (tokenId !== null) return { type: 'token', tokenId, expiresAt }
  if (userId === null || issuedBefore === null)
    throw new Error('A revocation names neither a token nor a user')
  return { type: 'user', userId, issuedBefore, expiresAt }
}
