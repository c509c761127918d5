import type { Statement } from '../store/sql/statement.ts'
import type { Writer } from '../store/sql/writer.ts'
import type { Scope, ServerKey } from './server-key.ts'

/** A key as it is stored. `isAlive`: it is neither revoked nor expired, by the database's clock. */
export type StoredKey = ServerKey & Readonly<{ digest: Buffer; isAlive: boolean }>

export type NewKey = Readonly<{
  id: string
  name: string
  digest: Buffer
  scopes: readonly Scope[]
  /** Undefined: the key does not expire. */
  lifetimeS: number | undefined
}>

/** Reads the primary: on a replica, a revoked key could still be alive. */
export type KeyStore = Readonly<{
  /** Returns undefined and stores nothing if `maxAlive` keys with this name are alive. */
  insert(key: NewKey, maxAlive: number): Promise<ServerKey | undefined>
  find(id: string): Promise<StoredKey | undefined>
  /** Returns all keys, the newest first. */
  list(): Promise<readonly StoredKey[]>
  /** Revokes the key, unless that has happened. Returns the key; undefined if there is none. */
  revoke(id: string): Promise<ServerKey | undefined>
}>

const COLUMNS = `
  id, name, scopes, created_at AS "createdAt", expires_at AS "expiresAt", revoked_at AS "revokedAt"`
const IS_ALIVE = `(revoked_at IS NULL AND (expires_at IS NULL OR expires_at > clock_timestamp()))`

// Two operators who create keys at the same time must not pass the limit together.
const LOCK: Statement = {
  name: 'server_key_lock',
  text: 'LOCK TABLE server_keys IN SHARE ROW EXCLUSIVE MODE',
}

// Reads the whole table, which has a few dozen rows. The transaction holds the lock of the table.
const INSERT: Statement = {
  name: 'server_key_insert',
  text: `
    INSERT INTO server_keys (id, name, secret_digest, scopes, created_at, expires_at)
    SELECT $1, $2::text, $3, $4::text[], clock_timestamp(), clock_timestamp() + make_interval(secs => $5::float8)
    WHERE (SELECT count(*) FROM server_keys WHERE name = $2::text AND ${IS_ALIVE}) < $6
    RETURNING ${COLUMNS}`,
}

// One row by its primary key. Takes no lock.
const FIND: Statement = {
  name: 'server_key_find',
  text: `SELECT ${COLUMNS}, secret_digest AS digest, ${IS_ALIVE} AS "isAlive" FROM server_keys WHERE id = $1`,
}

// The whole table, which has a few dozen rows. Takes no lock.
const LIST: Statement = {
  name: 'server_key_list',
  text: `
    SELECT ${COLUMNS}, secret_digest AS digest, ${IS_ALIVE} AS "isAlive" FROM server_keys
    ORDER BY created_at DESC, id`,
}

// Locks one row, by its primary key.
const REVOKE: Statement = {
  name: 'server_key_revoke',
  text: `
    UPDATE server_keys SET revoked_at = COALESCE(revoked_at, clock_timestamp()) WHERE id = $1
    RETURNING ${COLUMNS}`,
}

export function createKeyStore({ writer }: { writer: Pick<Writer, 'query' | 'transaction'> }): KeyStore {
  return {
    insert: ({ id, name, digest, scopes, lifetimeS }, maxAlive) =>
      writer.transaction(async (tx) => {
        await tx.query(LOCK)
        const values = [id, name, digest, scopes, lifetimeS, maxAlive]
        return (await tx.query<ServerKey>(INSERT, values))[0]
      }),
    find: async (id) => (await writer.query<StoredKey>(FIND, [id]))[0],
    list: () => writer.query<StoredKey>(LIST),
    revoke: async (id) => (await writer.query<ServerKey>(REVOKE, [id]))[0],
  }
}
