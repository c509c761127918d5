import { resolve } from 'node:path'
import type { LevelWithSilent } from 'pino'
import * as z from 'zod'
import type { GatewayId } from '../ids.ts'
import type { Parsed } from './config-error.ts'
import type { Environment } from './env.ts'
import {
  addressRange,
  fieldProblems,
  gatewayId,
  host,
  jwksUrl,
  limitFactor,
  list,
  optionalPort,
  origin,
  port,
  retention,
  wholeNumber,
} from './fields.ts'
import { pairingProblems } from './pairings.ts'
import type { VariableName } from './variables.ts'

/** Everything that an operator decides, except what must not be shown: that is in `Secrets`. */
export type Config = Readonly<{
  mode: 'development' | 'production'
  /** Port 0: any free one. In development, origins on loopback are allowed besides `allowedOrigins`. */
  http: Readonly<{
    host: string
    port: number
    allowedOrigins: readonly string[]
    /** Addresses, and ranges such as 10.0.0.0/8, of those who may say for whom they speak. */
    trustedProxies: readonly string[]
  }>
  /** Health and metrics; undefined: not served on a port of their own. */
  admin: Readonly<{ host: string; port: number }> | undefined
  gatewayId: GatewayId
  /** Absolute. What Parley itself keeps on this machine is in it. */
  dataDir: string
  /** Where it is external, its URL is a secret. */
  database: Readonly<{ type: 'embedded'; dataDir: string } | { type: 'external' }>
  /** What to do while what is committed would not survive the primary: go on, or stop what people are told is stored. */
  replicationPolicy: ReplicationPolicy
  auth: AuthConfig
  /** What was asked for; where it is Redis, the URLs are secrets. */
  bus: Readonly<{ type: 'memory' } | { type: 'redis' }>
  groups: Readonly<{ maxMembers: number }>
  /** How old an entry of a chat's log gets, in seconds; undefined: it is kept for good. */
  logRetentionS: number | undefined
  /** Whether the service level follows the load; how many times the usual one person may do, Infinity: anything. */
  load: Readonly<{ isAutomatic: boolean; limitFactor: number }>
  log: Readonly<{ level: LevelWithSilent; pretty: boolean }>
  /** How long an ordered stop may take before it is cut short. */
  shutdownDeadlineMs: number
}>

/** How much an answer to a sender is worth while there is no second copy. */
export type ReplicationPolicy = 'available' | 'strict'

/** Whose tokens are believed. */
export type AuthConfig = Readonly<
  | { type: 'secret'; issuer?: string; audience?: string }
  | { type: 'jwks'; url: string; issuer: string; audience: string }
>

/** What a configuration takes from the process besides its environment. */
export type Surroundings = Readonly<{
  /** Whether a person reads the log as it is written. */
  isTerminal: boolean
  /** A gateway id for this start, different from all others. */
  newGatewayId: () => string
  /** Whether a production environment must name a database. */
  needsDatabase: boolean
}>

const SHUTDOWN_DEADLINE_MS = 25_000
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

const SETTINGS = z.object({
  NODE_ENV: z
    .enum(['development', 'production', 'test'], { error: 'must be production or development' })
    .default('development'),
  PORT: port(4000),
  HOST: host.optional(),
  ADMIN_PORT: optionalPort(9464),
  ADMIN_HOST: host.default('127.0.0.1'),
  TRUSTED_PROXIES: list.pipe(z.array(addressRange)),
  GATEWAY_ID: gatewayId.optional(),
  ALLOWED_ORIGINS: list.pipe(z.array(origin)),
  REPLICATION_POLICY: z
    .enum(['available', 'strict'], { error: 'must be available or strict' })
    .default('available'),
  AUTH_JWKS_URL: jwksUrl.optional(),
  AUTH_ISSUER: z.string().optional(),
  AUTH_AUDIENCE: z.string().optional(),
  MAX_GROUP_MEMBERS: wholeNumber(2, 1_024, 1_024),
  LOG_RETENTION: retention.optional(),
  SERVICE_LEVELS: z.enum(['auto', 'manual'], { error: 'must be auto or manual' }).default('auto'),
  RATE_LIMIT_FACTOR: limitFactor,
  LOG_LEVEL: z.enum(LOG_LEVELS, { error: `must be one of ${LOG_LEVELS.join(', ')}` }).default('info'),
  DATA_DIR: z.string().default('.parley'),
} satisfies Partial<Record<VariableName, z.ZodType>>)

type Settings = z.infer<typeof SETTINGS>

/** The second stage: defaults filled in, each value read, and held against the others. */
export function parseConfig(env: Environment, surroundings: Surroundings): Parsed<Config> {
  const { success, data, error } = SETTINGS.safeParse(env)
  const problems = [...(success ? [] : fieldProblems(error)), ...pairingProblems(env, surroundings)]
  if (!success || problems.length > 0) return { type: 'refused', problems }
  return { type: 'parsed', value: toConfig(data, env, surroundings) }
}

function toConfig(settings: Settings, env: Environment, { isTerminal, newGatewayId }: Surroundings): Config {
  const mode = settings.NODE_ENV === 'production' ? 'production' : 'development'
  const dataDir = resolve(settings.DATA_DIR)
  return {
    mode,
    http: {
      host: settings.HOST ?? (mode === 'production' ? '0.0.0.0' : '127.0.0.1'),
      port: settings.PORT,
      allowedOrigins: settings.ALLOWED_ORIGINS,
      trustedProxies: settings.TRUSTED_PROXIES,
    },
    admin:
      settings.ADMIN_PORT === undefined
        ? undefined
        : { host: settings.ADMIN_HOST, port: settings.ADMIN_PORT },
    gatewayId: (settings.GATEWAY_ID ?? newGatewayId()) as GatewayId,
    dataDir,
    database: env.DATABASE_URL === undefined ? { type: 'embedded', dataDir } : { type: 'external' },
    replicationPolicy: settings.REPLICATION_POLICY,
    auth: toAuth(settings),
    bus: { type: env.REDIS_URL === undefined ? 'memory' : 'redis' },
    groups: { maxMembers: settings.MAX_GROUP_MEMBERS },
    logRetentionS: settings.LOG_RETENTION,
    load: { isAutomatic: settings.SERVICE_LEVELS === 'auto', limitFactor: settings.RATE_LIMIT_FACTOR },
    log: { level: settings.LOG_LEVEL, pretty: isTerminal && mode === 'development' },
    shutdownDeadlineMs: SHUTDOWN_DEADLINE_MS,
  }
}

function toAuth({ AUTH_JWKS_URL: url, AUTH_ISSUER: issuer, AUTH_AUDIENCE: audience }: Settings): AuthConfig {
  if (url !== undefined && issuer !== undefined && audience !== undefined) {
    return { type: 'jwks', url, issuer, audience }
  }
  return {
    type: 'secret',
    ...(issuer === undefined ? {} : { issuer }),
    ...(audience === undefined ? {} : { audience }),
  }
}
