import * as z from 'zod'
import type { Parsed } from './config-error.ts'
import { parseDatabaseUrl, redisUrlProblem } from './connection-url.ts'
import type { Environment } from './env.ts'
import { fieldProblems, list } from './fields.ts'
import type { VariableName } from './variables.ts'

/** What must appear in no log and on no screen. Kept apart from `Config`, which may. */
export type Secrets = Readonly<{
  /** The primary; with several hosts, whichever of them takes writes. Undefined: the embedded database. */
  databaseUrl: string | undefined
  replicaUrls: readonly string[]
  redisUrls: readonly string[]
  /** Undefined: keys come from AUTH_JWKS_URL, or one is made up (`withDevSecret`). */
  authSecret: string | undefined
}>

/** HS256 is as strong as its key, up to the 256 bits of its hash. */
export const MIN_SECRET_BYTES = 32

const databaseUrl = z.string().superRefine((text, context) => {
  const url = parseDatabaseUrl(text)
  if (typeof url === 'string') context.addIssue(url)
})

const redisUrl = z.string().superRefine((text, context) => {
  const problem = redisUrlProblem(text)
  if (problem !== undefined) context.addIssue(problem)
})

const SECRETS = z.object({
  DATABASE_URL: databaseUrl.optional(),
  DATABASE_REPLICA_URLS: list.pipe(z.array(databaseUrl)),
  REDIS_URL: list.pipe(z.array(redisUrl)),
  AUTH_SECRET: z
    .string()
    .refine((text) => Buffer.byteLength(text) >= MIN_SECRET_BYTES, {
      error: `must be ${MIN_SECRET_BYTES} bytes or more, as "openssl rand -base64 48" prints them`,
    })
    .optional(),
} satisfies Partial<Record<VariableName, z.ZodType>>)

/** The third stage. What it says of a mistake quotes nothing of the value. */
export function parseSecrets(env: Environment): Parsed<Secrets> {
  const { success, data, error } = SECRETS.safeParse(env)
  if (!success) return { type: 'refused', problems: fieldProblems(error) }
  const value = {
    databaseUrl: data.DATABASE_URL,
    replicaUrls: data.DATABASE_REPLICA_URLS,
    redisUrls: data.REDIS_URL,
    authSecret: data.AUTH_SECRET,
  }
  return { type: 'parsed', value }
}
