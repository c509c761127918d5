import { join, resolve } from 'node:path'
import type { LevelWithSilent } from 'pino'
import type * as z from 'zod'
import type { GatewayId } from '../ids.ts'
import type { Parsed } from './config-error.ts'
import type { Environment } from './env.ts'
import { fieldProblems, type MediaLocation } from './fields.ts'
import { pairingProblems } from './pairings.ts'
import { SETTINGS } from './variables.ts'

/** Everything that an operator configures, except `Secrets`. */
export type Config = Readonly<{
  mode: 'development' | 'production'
  /** Port 0: any free port. In development, origins on loopback are allowed in addition to `allowedOrigins`. */
  http: Readonly<{
    host: string
    port: number
    allowedOrigins: readonly string[]
    /** Names of request headers that pages may send, besides the usual ones. In lower case. */
    allowedHeaders: readonly string[]
    /** The address that clients use, without a path. Undefined: the one that each request names. */
    publicUrl?: string | undefined
    /** Addresses, or ranges such as 10.0.0.0/8, of proxies that may set X-Forwarded-For. */
    trustedProxies: readonly string[]
  }>
  /** The listener of health and metrics. Undefined: none. */
  admin: Readonly<{ host: string; port: number }> | undefined
  /** The listener of the server API. Undefined: none. */
  serverApi: Readonly<{ host: string; port: number }> | undefined
  /** The address that decides about messages. Its secret is in `Secrets`. Undefined: every message is accepted. */
  hook: Readonly<{ url: string; acceptsUnchecked: boolean }> | undefined
  /** Whether the web app is served at the root. Its page may use the API without being in `allowedOrigins`. */
  webApp: boolean
  /** Whether clients may read the schema. */
  introspection: boolean
  /** The absolute path of the manifest of the only accepted documents. Undefined: all are accepted. */
  trustedDocuments: string | undefined
  gatewayId: GatewayId
  /** The absolute path of the folder for Parley's own files. */
  dataDir: string
  /** The URL of an external database is in `Secrets`. */
  database: Readonly<{ type: 'embedded'; dataDir: string } | { type: 'external' }>
  replicationPolicy: ReplicationPolicy
  auth: AuthConfig
  /** The URLs of Redis are in `Secrets`. */
  bus: Readonly<{ type: 'memory' } | { type: 'redis' }>
  groups: Readonly<{ maxMembers: number }>
  /** Undefined: uploads are off. */
  media: MediaConfig | undefined
  /** Undefined: push is off. The key of VAPID is in `Secrets`. */
  push?: PushConfig | undefined
  /** The age at which events leave the chat logs, in seconds. Undefined: never. */
  logRetentionS: number | undefined
  /** `isAutomatic`: the service level follows the load. `limitFactor`: multiplies quotas; Infinity: no limits. */
  load: Readonly<{ isAutomatic: boolean; limitFactor: number }>
  log: Readonly<{ level: LevelWithSilent; pretty: boolean }>
  /** How long a graceful stop may take before it is cut short. */
  shutdownDeadlineMs: number
}>

/** Where files are kept, and which may be uploaded. */
export type MediaConfig = Readonly<{
  location: MediaLocation
  maxUploadBytes: number
  /** Media types, and patterns such as image/*. Empty: all. */
  contentTypes: readonly string[]
  /** For each user. Infinity: no limit. */
  bytesPerDay: number
  /** All files of this gateway share it, in both directions. Infinity: no limit. */
  bytesPerSecond: number
  /** The address that scans files. Its secret is in `Secrets`. Undefined: files are not scanned. */
  scan?: Readonly<{ url: string; acceptsUnchecked: boolean }> | undefined
}>

/** Which providers bring push messages to devices. At least one does. Paths are absolute. */
export type PushConfig = Readonly<{
  web: Readonly<{ subject: string; allowsPrivate: boolean }> | undefined
  apns:
    | Readonly<{ keyFile: string; keyId: string; teamId: string; topic: string; url: string | undefined }>
    | undefined
  fcm: Readonly<{ accountFile: string; url: string | undefined }> | undefined
  /** Whether messages have the text, and not only ids. */
  hasContent: boolean
}>

/** The reaction while commits would not survive the loss of the primary: continue, or answer sends with UNAVAILABLE. */
export type ReplicationPolicy = 'available' | 'strict'

/** Which tokens are accepted. */
export type AuthConfig = Readonly<
  | { type: 'secret'; issuer?: string; audience?: string }
  | { type: 'jwks'; url: string; issuer: string; audience: string }
>

/** The facts about the process, besides its environment, that a configuration depends on. */
export type Surroundings = Readonly<{
  /** Whether the log goes to a terminal. */
  isTerminal: boolean
  /** Generates a unique gateway id for this start. */
  newGatewayId: () => string
  /** Whether a production environment must name a database. */
  needsDatabase: boolean
}>

const SHUTDOWN_DEADLINE_MS = 25_000

type Settings = z.infer<typeof SETTINGS>

/** The second stage: parses each value, fills in defaults, and checks the values against each other. */
export function parseConfig(env: Environment, surroundings: Surroundings): Parsed<Config> {
  const { success, data, error } = SETTINGS.safeParse(env)
  const problems = [...(success ? [] : fieldProblems(error)), ...pairingProblems(env, surroundings)]
  if (!success || problems.length > 0) return { type: 'rejected', problems }
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
      allowedHeaders: settings.ALLOWED_HEADERS,
      trustedProxies: settings.TRUSTED_PROXIES,
      ...(settings.PUBLIC_URL === undefined ? {} : { publicUrl: settings.PUBLIC_URL }),
    },
    admin:
      settings.ADMIN_PORT === undefined
        ? undefined
        : { host: settings.ADMIN_HOST, port: settings.ADMIN_PORT },
    serverApi:
      settings.SERVER_PORT === undefined
        ? undefined
        : { host: settings.SERVER_HOST, port: settings.SERVER_PORT },
    hook:
      settings.HOOK_URL === undefined
        ? undefined
        : { url: settings.HOOK_URL, acceptsUnchecked: settings.HOOK_ON_FAILURE === 'accept' },
    webApp: settings.WEB_APP === undefined ? mode === 'development' : settings.WEB_APP === 'on',
    introspection:
      settings.INTROSPECTION === undefined ? mode === 'development' : settings.INTROSPECTION === 'on',
    trustedDocuments:
      settings.TRUSTED_DOCUMENTS === undefined ? undefined : resolve(settings.TRUSTED_DOCUMENTS),
    gatewayId: (settings.GATEWAY_ID ?? newGatewayId()) as GatewayId,
    dataDir,
    database: env.DATABASE_URL === undefined ? { type: 'embedded', dataDir } : { type: 'external' },
    replicationPolicy: settings.REPLICATION_POLICY,
    auth: toAuth(settings),
    bus: { type: env.REDIS_URL === undefined ? 'memory' : 'redis' },
    groups: { maxMembers: settings.MAX_GROUP_MEMBERS },
    media: toMedia(settings, env, dataDir),
    push: toPush(settings, env),
    logRetentionS: settings.LOG_RETENTION,
    load: { isAutomatic: settings.SERVICE_LEVELS === 'auto', limitFactor: settings.RATE_LIMIT_FACTOR },
    log: { level: settings.LOG_LEVEL, pretty: isTerminal && mode === 'development' },
    shutdownDeadlineMs: SHUTDOWN_DEADLINE_MS,
  }
}

function toMedia(settings: Settings, env: Environment, dataDir: string): MediaConfig | undefined {
  const byDefault = env.DATABASE_URL === undefined ? inFolder(join(dataDir, 'media')) : null
  const location = settings.MEDIA_URL === undefined ? byDefault : settings.MEDIA_URL
  if (location === null) return undefined
  return {
    location: location.type === 'file' ? inFolder(resolve(location.folder)) : location,
    maxUploadBytes: settings.MAX_UPLOAD_BYTES,
    contentTypes: settings.UPLOAD_CONTENT_TYPES,
    bytesPerDay: settings.UPLOAD_BYTES_PER_DAY * settings.RATE_LIMIT_FACTOR,
    bytesPerSecond: settings.MEDIA_BYTES_PER_SECOND,
    scan:
      settings.SCAN_URL === undefined
        ? undefined
        : { url: settings.SCAN_URL, acceptsUnchecked: settings.SCAN_ON_FAILURE === 'accept' },
  }
}

function toPush(settings: Settings, env: Environment): PushConfig | undefined {
  const { PUSH_VAPID_SUBJECT: subject, PUSH_APNS_KEY_ID: keyId, PUSH_APNS_TEAM_ID: teamId } = settings
  const { PUSH_APNS_KEY_FILE: keyFile, PUSH_APNS_TOPIC: topic, PUSH_FCM_ACCOUNT_FILE: accountFile } = settings
  const hasApns = keyFile !== undefined && keyId !== undefined && teamId !== undefined && topic !== undefined
  const providers = {
    web:
      env.PUSH_VAPID_KEY === undefined || subject === undefined
        ? undefined
        : { subject, allowsPrivate: settings.PUSH_ALLOW_PRIVATE === 'on' },
    apns: hasApns
      ? { keyFile: resolve(keyFile), keyId, teamId, topic, url: settings.PUSH_APNS_URL }
      : undefined,
    fcm:
      accountFile === undefined
        ? undefined
        : { accountFile: resolve(accountFile), url: settings.PUSH_FCM_URL },
  }
  const isOn = Object.values(providers).some((provider) => provider !== undefined)
  return isOn ? { ...providers, hasContent: settings.PUSH_CONTENT === 'full' } : undefined
}

function inFolder(folder: string): MediaLocation {
  return { type: 'file', folder }
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
