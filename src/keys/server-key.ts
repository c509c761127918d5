import { createHash, randomBytes } from 'node:crypto'

/** The permissions of a key on the server API. `act-as-user`: send, edit and delete messages in the name of a user. */
export const SCOPES = ['users', 'chats', 'messages', 'act-as-user', 'webhooks', 'read'] as const
export type Scope = (typeof SCOPES)[number]

/** A key of the product's backend, without its secret. */
export type ServerKey = Readonly<{
  id: string
  /** Names what uses the key, such as "shop". */
  name: string
  scopes: readonly Scope[]
  createdAt: Date
  /** Null if the key does not expire. */
  expiresAt: Date | null
  /** Null unless the key was revoked. */
  revokedAt: Date | null
}>

/** A key as its text has it. Only the digest is stored: a copy of the database does not contain working keys. */
export type KeyParts = Readonly<{ id: string; digest: Buffer }>

const ID_BYTES = 8
const SECRET_BYTES = 32
const KEY = /^parley_sk_([0-9a-f]{16})_([0-9a-f]{64})$/

/**
 * Creates a key with a random secret. The fixed prefix lets scanners for secrets find keys in code and logs.
 */
export function newServerKey(): KeyParts & Readonly<{ text: string }> {
  const id = randomBytes(ID_BYTES).toString('hex')
  const secret = randomBytes(SECRET_BYTES).toString('hex')
  return { id, digest: digestOf(secret), text: `parley_sk_${id}_${secret}` }
}

/** Returns undefined for a text that is not a key. */
export function parseServerKey(text: string): KeyParts | undefined {
  const [, id, secret] = KEY.exec(text) ?? []
  return id === undefined || secret === undefined ? undefined : { id, digest: digestOf(secret) }
}

/** The secret has 256 random bits, so a fast hash suffices. */
function digestOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}
