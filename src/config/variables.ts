import * as z from 'zod'
import {
  addressRange,
  appleId,
  bundleId,
  bytesPerDay,
  bytesPerSecond,
  databaseUrl,
  gatewayId,
  headerName,
  host,
  httpUrl,
  jwksUrl,
  limitFactor,
  list,
  mediaTypePattern,
  mediaUrl,
  MIN_SECRET_BYTES,
  oneOf,
  optionalPort,
  origin,
  port,
  publicUrl,
  redisUrls,
  retention,
  vapidKey,
  vapidSubject,
  webhookSecret,
  wholeNumber,
} from './fields.ts'

/** The groups of docs/configuration.md and `parley --help`, in their order. */
export const THEMES = [
  'Mode',
  'Network',
  'Authentication',
  'Database',
  'Several gateways',
  'Backend of the product',
  'Push',
  'Files',
  'Limits and overload',
  'Logging',
] as const

/** The description of a variable for people. */
type Documentation = Readonly<{
  theme: (typeof THEMES)[number]
  meaning: string
  /** The allowed values. */
  values: string
  /** The value or behaviour if the variable is not set. */
  default: string
}>

export type Variable = Documentation &
  Readonly<{
    name: VariableName
    /** Whether Parley must never print the value. */
    isSecret: boolean
  }>

const DOCUMENTATION = z.registry<Documentation>()

/**
 * Attaches its documentation to a variable. This is the only place for it: help and documents are generated from it.
 */
function variable<Schema extends z.ZodType>(schema: Schema, documentation: Documentation): Schema {
  DOCUMENTATION.add(schema, documentation)
  return schema
}

/** Variables whose values may be shown. */
export const SETTINGS = z.object({
  NODE_ENV: variable(oneOf('production', 'development', 'test').default('development'), {
    theme: 'Mode',
    meaning: 'production requires a database and a key, issues no demo tokens, and masks internal errors',
    values: 'production or development',
    default: 'development',
  }),
  INTROSPECTION: variable(oneOf('on', 'off').optional(), {
    theme: 'Mode',
    meaning: 'whether clients may read the schema and get suggestions in errors; GraphiQL needs it',
    values: 'on or off',
    default: 'on; in production off',
  }),
  TRUSTED_DOCUMENTS: variable(z.string().optional(), {
    theme: 'Mode',
    meaning: 'the manifest of the operations that clients may use, by hash; all others are rejected',
    values: 'the path of a JSON file: the manifest of Apollo, or documents by their hash',
    default: 'none: clients may use any operation',
  }),
  PORT: variable(port(4000), {
    theme: 'Network',
    meaning: 'the port of the API',
    values: '0 to 65535; 0: any free port',
    default: '4000',
  }),
  HOST: variable(host.optional(), {
    theme: 'Network',
    meaning: 'the address that the API listens on',
    values: 'an IP address or a host name of this machine',
    default: '127.0.0.1; in production 0.0.0.0',
  }),
  ADMIN_PORT: variable(optionalPort(9464), {
    theme: 'Network',
    meaning: 'the port of health and metrics; health is also served on PORT',
    values: '0 to 65535; 0: any free port; off: none',
    default: '9464',
  }),
  ADMIN_HOST: variable(host.default('127.0.0.1'), {
    theme: 'Network',
    meaning: 'the address that health and metrics listen on; they need no token, so limit who can reach it',
    values: 'an IP address or a host name of this machine',
    default: '127.0.0.1',
  }),
  TRUSTED_PROXIES: variable(list.pipe(z.array(addressRange)), {
    theme: 'Network',
    meaning: 'the load balancers that may set X-Forwarded-For',
    values: 'addresses or ranges such as 10.0.0.0/8, comma-separated',
    default: 'none: the address of a client is that of its connection',
  }),
  PUBLIC_URL: variable(publicUrl.optional(), {
    theme: 'Network',
    meaning: 'the address of the API as clients see it, for the addresses of files',
    values: 'a URL without a path, such as https://chat.example',
    default: 'the host that each request names; https only if a trusted proxy says so',
  }),
  WEB_APP: variable(oneOf('on', 'off').optional(), {
    theme: 'Network',
    meaning: 'whether the chat app is served at the root of PORT; its users sign in with their tokens',
    values: 'on or off',
    default: 'on; in production off',
  }),
  SERVER_PORT: variable(optionalPort(undefined), {
    theme: 'Backend of the product',
    meaning:
      "the port of the server API, which the product's own backend calls with a key of parley key create",
    values: '0 to 65535; 0: any free port; off: none',
    default: 'off',
  }),
  SERVER_HOST: variable(host.default('127.0.0.1'), {
    theme: 'Backend of the product',
    meaning: 'the address that the server API listens on; clients must not be able to reach it',
    values: 'an IP address or a host name of this machine',
    default: '127.0.0.1',
  }),
  HOOK_URL: variable(httpUrl.optional(), {
    theme: 'Backend of the product',
    meaning: 'the address that decides about each message of a user before it is stored',
    values: 'an http:// or https:// URL',
    default: 'none: every message is accepted',
  }),
  HOOK_ON_FAILURE: variable(oneOf('reject', 'accept').default('reject'), {
    theme: 'Backend of the product',
    meaning: 'what happens to messages while HOOK_URL does not answer',
    values: 'reject: UNAVAILABLE, users may send again; accept: stored without a decision',
    default: 'reject',
  }),
  GATEWAY_ID: variable(gatewayId.optional(), {
    theme: 'Several gateways',
    meaning: 'the name of this gateway, unique among all gateways',
    values: '1 to 64 letters, digits, "-", "_" or "."',
    default: 'generated at each start',
  }),
  ALLOWED_ORIGINS: variable(list.pipe(z.array(origin)), {
    theme: 'Network',
    meaning:
      'the origins of web pages that may use the API from a browser, for CORS and WebSocket handshakes',
    values: 'origins such as https://chat.example, comma-separated',
    default: 'none; in development all origins on this machine',
  }),
  ALLOWED_HEADERS: variable(list.pipe(z.array(headerName)), {
    theme: 'Network',
    meaning: 'further request headers that web pages may send, besides those that usual clients send (CORS)',
    values: 'names of headers such as x-tenant, comma-separated',
    default: 'none',
  }),
  REPLICATION_POLICY: variable(oneOf('available', 'strict').default('available'), {
    theme: 'Database',
    meaning:
      'what to do while commits would not survive the loss of the primary: available continues, strict answers sends with UNAVAILABLE',
    values: 'available or strict',
    default: 'available',
  }),
  AUTH_JWKS_URL: variable(jwksUrl.optional(), {
    theme: 'Authentication',
    meaning: "the identity provider's public keys; instead of AUTH_SECRET",
    values: 'an https:// URL',
    default: 'none',
  }),
  AUTH_ISSUER: variable(z.string().optional(), {
    theme: 'Authentication',
    meaning: 'the "iss" claim that tokens must have; required with AUTH_JWKS_URL',
    values: 'any text',
    default: 'not checked',
  }),
  AUTH_AUDIENCE: variable(z.string().optional(), {
    theme: 'Authentication',
    meaning: 'the "aud" claim that tokens must have; required with AUTH_JWKS_URL',
    values: 'any text',
    default: 'not checked',
  }),
  PUSH_VAPID_SUBJECT: variable(vapidSubject.optional(), {
    theme: 'Push',
    meaning: 'how push services of browsers reach you, if something is wrong with your messages',
    values: 'mailto:ops@chat.example, or an https:// URL',
    default: 'none; required with PUSH_VAPID_KEY',
  }),
  PUSH_APNS_KEY_FILE: variable(z.string().optional(), {
    theme: 'Push',
    meaning: 'the key of Apple for push messages to iOS and macOS',
    values: 'the path of a .p8 file',
    default: 'none: no push messages to apps of Apple',
  }),
  PUSH_APNS_KEY_ID: variable(appleId.optional(), {
    theme: 'Push',
    meaning: 'the id of that key',
    values: '10 capital letters or digits',
    default: 'none; required with PUSH_APNS_KEY_FILE',
  }),
  PUSH_APNS_TEAM_ID: variable(appleId.optional(), {
    theme: 'Push',
    meaning: 'the id of your team at Apple',
    values: '10 capital letters or digits',
    default: 'none; required with PUSH_APNS_KEY_FILE',
  }),
  PUSH_APNS_TOPIC: variable(bundleId.optional(), {
    theme: 'Push',
    meaning: 'the bundle id of your app, unless a device names another one',
    values: 'a bundle id such as com.example.chat',
    default: 'none; required with PUSH_APNS_KEY_FILE',
  }),
  PUSH_APNS_URL: variable(httpUrl.optional(), {
    theme: 'Push',
    meaning: 'the server for push messages to apps of Apple, if yours has to use a proxy',
    values: 'an http:// or https:// URL without a path; it must speak HTTP/2',
    default: 'the servers of Apple',
  }),
  PUSH_FCM_ACCOUNT_FILE: variable(z.string().optional(), {
    theme: 'Push',
    meaning: 'the service account of Firebase for push messages to Android',
    values: 'the path of a .json file',
    default: 'none: no push messages by Firebase',
  }),
  PUSH_FCM_URL: variable(httpUrl.optional(), {
    theme: 'Push',
    meaning: 'the server for push messages by Firebase, if yours has to use a proxy',
    values: 'an http:// or https:// URL without a path; it must speak HTTP/2',
    default: 'https://fcm.googleapis.com',
  }),
  PUSH_CONTENT: variable(oneOf('ids', 'full').default('ids'), {
    theme: 'Push',
    meaning: 'what providers see of messages: ids and numbers, or also the sender and the text',
    values: 'ids or full',
    default: 'ids',
  }),
  PUSH_ALLOW_PRIVATE: variable(oneOf('on', 'off').default('off'), {
    theme: 'Push',
    meaning: 'whether the push service of a browser may be in a private network',
    values: 'on or off',
    default: 'off: users name the addresses, so Parley connects to public ones only',
  }),
  MEDIA_URL: variable(mediaUrl.optional(), {
    theme: 'Files',
    meaning: 'where pictures and files are kept; several gateways need a folder that they share, or S3',
    values: 'file:<folder>, s3://<bucket>?endpoint=https://s3.example&region=eu-1, or off: no uploads',
    default: 'file:<DATA_DIR>/media with the embedded PostgreSQL; otherwise off',
  }),
  MAX_UPLOAD_BYTES: variable(wholeNumber(1, 2_147_483_647, 104_857_600), {
    theme: 'Files',
    meaning: 'the largest file',
    values: '1 to 2147483647 bytes',
    default: '104857600: 100 MiB',
  }),
  UPLOAD_CONTENT_TYPES: variable(list.pipe(z.array(mediaTypePattern)), {
    theme: 'Files',
    meaning: 'the files that users may upload, by their media types',
    values: 'types such as image/*, video/mp4 or application/pdf, comma-separated',
    default: 'all',
  }),
  UPLOAD_BYTES_PER_DAY: variable(bytesPerDay, {
    theme: 'Files',
    meaning: 'how much each user may upload on a day (UTC); RATE_LIMIT_FACTOR multiplies it',
    values: '1 to 9999999999 bytes; off: no limit',
    default: '2147483648: 2 GiB',
  }),
  MEDIA_BYTES_PER_SECOND: variable(bytesPerSecond, {
    theme: 'Files',
    meaning:
      'how fast all files together pass a gateway, so that they do not delay messages; less while it is busy',
    values: '1000000 to 9999999999 bytes; off: no limit',
    default: '10000000: 10 MB/s',
  }),
  SCAN_URL: variable(httpUrl.optional(), {
    theme: 'Files',
    meaning: 'the address that scans each file for viruses before it can be sent',
    values: 'an http:// or https:// URL',
    default: 'none: files are not scanned',
  }),
  SCAN_ON_FAILURE: variable(oneOf('reject', 'accept').default('reject'), {
    theme: 'Files',
    meaning: 'what happens to files while SCAN_URL does not answer',
    values: 'reject: 503, clients upload again; accept: files are not scanned',
    default: 'reject',
  }),
  MAX_GROUP_MEMBERS: variable(wholeNumber(2, 1_024, 1_024), {
    theme: 'Limits and overload',
    meaning: 'the most members that a group may have',
    values: '2 to 1024',
    default: '1024',
  }),
  LOG_RETENTION: variable(retention.optional(), {
    theme: 'Limits and overload',
    meaning: 'how far back devices can catch up; older events leave the chat logs, but messages stay',
    values: 'a duration such as 36h or 90d, from 1h to 3650d',
    default: 'forever',
  }),
  SERVICE_LEVELS: variable(oneOf('auto', 'manual').default('auto'), {
    theme: 'Limits and overload',
    meaning: 'whether load changes the service level: with manual, only "parley service-level" does',
    values: 'auto or manual',
    default: 'auto',
  }),
  RATE_LIMIT_FACTOR: variable(limitFactor, {
    theme: 'Limits and overload',
    meaning: 'multiplies the quotas of each user',
    values: '1 to 1000; off: no limits',
    default: '1',
  }),
  LOG_LEVEL: variable(oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent').default('info'), {
    theme: 'Logging',
    meaning: 'the least severe level that is logged',
    values: 'fatal, error, warn, info, debug, trace or silent',
    default: 'info',
  }),
  DATA_DIR: variable(z.string().default('.parley'), {
    theme: 'Database',
    meaning: 'the folder of the embedded PostgreSQL and of the generated development key',
    values: 'a path',
    default: '.parley',
  }),
})

/** Variables whose values must never appear in a log or on a screen. */
export const SECRETS = z.object({
  DATABASE_URL: variable(databaseUrl.optional(), {
    theme: 'Database',
    meaning: 'the primary; of several hosts, the one that accepts writes',
    values: 'postgres://user:password@host:5432/database; several hosts: host1:5432,host2:5432',
    default: 'an embedded PostgreSQL; required in production',
  }),
  DATABASE_REPLICA_URLS: variable(list.pipe(z.array(databaseUrl)), {
    theme: 'Database',
    meaning: 'the replicas to read from',
    values: 'URLs as for DATABASE_URL, comma-separated',
    default: 'none',
  }),
  REDIS_URL: variable(redisUrls, {
    theme: 'Several gateways',
    meaning: 'the Redis that connects the gateways; required for more than one',
    values:
      'redis:// or rediss:// URLs; several, comma-separated: a cluster; or sentinel://host:26379,host:26379/name',
    default: 'none: one gateway',
  }),
  HOOK_SECRET: variable(webhookSecret.optional(), {
    theme: 'Backend of the product',
    meaning: 'the secret that signs requests to HOOK_URL, by the Standard Webhooks specification',
    values: 'whsec_ and 24 to 64 bytes in base64, as "echo whsec_$(openssl rand -base64 32)" prints them',
    default: 'none; required with HOOK_URL',
  }),
  PUSH_VAPID_KEY: variable(vapidKey.optional(), {
    theme: 'Push',
    meaning: 'the private key that signs push messages to browsers',
    values: '32 bytes in base64url, as "parley push keys" prints them',
    default: 'none: no push messages to browsers',
  }),
  SCAN_SECRET: variable(webhookSecret.optional(), {
    theme: 'Files',
    meaning: 'the secret that signs requests to SCAN_URL, by the Standard Webhooks specification',
    values: 'whsec_ and 24 to 64 bytes in base64, as "echo whsec_$(openssl rand -base64 32)" prints them',
    default: 'none; required with SCAN_URL',
  }),
  AUTH_SECRET: variable(
    z
      .string()
      .refine((text) => Buffer.byteLength(text) >= MIN_SECRET_BYTES, {
        error: `must be ${MIN_SECRET_BYTES} bytes or more, as "openssl rand -base64 48" prints them`,
      })
      .optional(),
    {
      theme: 'Authentication',
      meaning: 'the HS256 key of tokens; instead of AUTH_JWKS_URL',
      values: `${MIN_SECRET_BYTES} bytes or more`,
      default: 'generated and kept in DATA_DIR; production requires this or AUTH_JWKS_URL',
    },
  ),
})

export type VariableName = keyof typeof SETTINGS.shape | keyof typeof SECRETS.shape

/** Every variable that Parley reads, in the order of the themes. */
export const VARIABLES: readonly Variable[] = THEMES.flatMap((theme) =>
  [...variablesOf(SECRETS.shape, true), ...variablesOf(SETTINGS.shape, false)].filter(
    (one) => one.theme === theme,
  ),
)

/** The documentation of a variable in one line. */
export function describeVariable({ meaning, values, default: fallback }: Variable): string {
  return `${meaning} (${values}; default: ${fallback})`
}

function variablesOf(
  shape: Readonly<Partial<Record<VariableName, z.ZodType>>>,
  isSecret: boolean,
): readonly Variable[] {
  return (Object.keys(shape) as VariableName[]).map((name) => {
    const schema = shape[name]
    const documentation = schema && DOCUMENTATION.get(schema)
    if (documentation === undefined) throw new Error(`The variable ${name} has no documentation`)
    return { ...documentation, name, isSecret }
  })
}
