import { timingSafeEqual } from 'node:crypto'
import { ParleyError } from '../errors.ts'
import { createKeyStore, type StoredKey } from './key-store.ts'
import { newServerKey, parseServerKey, type Scope, type ServerKey } from './server-key.ts'

/** A key can have one successor while both are alive, so that a backend can change keys without a pause. */
export const MAX_ALIVE_PER_NAME = 2

export type KeyInput = Readonly<{
  /** Names what uses the key. */
  name: string
  scopes: readonly Scope[]
  /** Undefined: the key does not expire. */
  lifetimeS: number | undefined
}>

/** A key, and whether it is valid now, by the database's clock. */
export type KeyState = Omit<StoredKey, 'digest'>

/** The keys with which the product's backend calls the server API. */
export type Keys = Readonly<{
  /** Creates a key. `text` contains the secret and is not stored. Returns undefined if two keys have this name. */
  create(input: KeyInput): Promise<Readonly<{ key: ServerKey; text: string }> | undefined>
  /** Returns all keys, the newest first, with those that are revoked or expired. */
  list(): Promise<readonly KeyState[]>
  /** Revokes a key for good. Calls that begin afterwards fail on every gateway. Returns undefined if there is none. */
  revoke(id: string): Promise<ServerKey | undefined>
  /**
   * Returns the key of a text. Each call reads the database, so a revoked key has no effect anywhere.
   *
   * Errors: UNAUTHENTICATED – not a key, or the key is unknown, revoked or expired. The text does not say which.
   */
  verify(text: string): Promise<ServerKey>
}>

/** The command line creates it as well, so it makes its own store. */
export function createKeys({ writer }: Parameters<typeof createKeyStore>[0]): Keys {
  const store = createKeyStore({ writer })
  return {
    async create({ name, scopes, lifetimeS }) {
      const { id, digest, text } = newServerKey()
      const key = await store.insert({ id, name, digest, scopes, lifetimeS }, MAX_ALIVE_PER_NAME)
      return key && { key, text }
    },
    list: store.list,
    revoke: store.revoke,
    async verify(text) {
      const given = parseServerKey(text)
      const stored = given && (await store.find(given.id))
      if (given === undefined || stored === undefined) throw wrongKey()
      // In constant time, so that the time of a call reveals nothing about the secret.
      if (!timingSafeEqual(stored.digest, given.digest) || !stored.isAlive) throw wrongKey()
      return stored
    },
  }
}

function wrongKey(): ParleyError {
  return new ParleyError(
    'UNAUTHENTICATED',
    'The key is not valid. Send a key of "parley key create" as "Authorization: Bearer parley_sk_…".',
  )
}
