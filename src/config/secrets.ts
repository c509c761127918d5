import type { Parsed } from './config-error.ts'
import type { Environment } from './env.ts'
import { fieldProblems } from './fields.ts'
import { SECRETS } from './variables.ts'

/** Values that must never appear in a log or on a screen. Separate from `Config`, which may. */
export type Secrets = Readonly<{
  /** The primary; of several hosts, the one that accepts writes. Undefined: the embedded database. */
  databaseUrl: string | undefined
  replicaUrls: readonly string[]
  redisUrls: readonly string[]
  /** Undefined: keys come from AUTH_JWKS_URL, or one is generated (`withDevSecret`). */
  authSecret: string | undefined
  /** Signs the questions about messages. Undefined without HOOK_URL. */
  hookSecret?: string | undefined
  /** Signs the questions about files. Undefined without SCAN_URL. */
  scanSecret?: string | undefined
  /** Signs push messages to browsers. Undefined: there are none. */
  vapidKey?: string | undefined
}>

/** The third stage. Its problems quote no part of a value. */
export function parseSecrets(env: Environment): Parsed<Secrets> {
  const { success, data, error } = SECRETS.safeParse(env)
  if (!success) return { type: 'rejected', problems: fieldProblems(error) }
  const value = {
    databaseUrl: data.DATABASE_URL,
    replicaUrls: data.DATABASE_REPLICA_URLS,
    redisUrls: data.REDIS_URL,
    authSecret: data.AUTH_SECRET,
    ...(data.HOOK_SECRET !== undefined && { hookSecret: data.HOOK_SECRET }),
    ...(data.SCAN_SECRET !== undefined && { scanSecret: data.SCAN_SECRET }),
    ...(data.PUSH_VAPID_KEY !== undefined && { vapidKey: data.PUSH_VAPID_KEY }),
  }
  return { type: 'parsed', value }
}
