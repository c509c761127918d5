import type { Environment } from './env.ts'

/** The requirements of the command. */
type Needs = Readonly<{ needsDatabase: boolean }>

/**
 * Rules between variables. They read the environment as given, not the parsed values, so that a mistake in one variable
 * does not hide another.
 */
const PAIRINGS: readonly ((env: Environment, needs: Needs) => string | undefined)[] = [
  (env) =>
    env.AUTH_SECRET !== undefined && env.AUTH_JWKS_URL !== undefined
      ? 'AUTH_SECRET and AUTH_JWKS_URL are both set, but tokens are checked by only one of them: unset the other.'
      : undefined,
  (env) => jwksNeeds(env, 'AUTH_ISSUER', '"iss"'),
  (env) => jwksNeeds(env, 'AUTH_AUDIENCE', '"aud"'),
  (env, { needsDatabase }) =>
    needsDatabase && isProduction(env) && env.DATABASE_URL === undefined
      ? 'DATABASE_URL is not set, and production has no embedded database: set it to the primary, postgres://user:password@host:5432/database.'
      : undefined,
  (env) =>
    isProduction(env) && env.AUTH_SECRET === undefined && env.AUTH_JWKS_URL === undefined
      ? 'AUTH_SECRET is not set, and production does not generate a key: set it to 32 random bytes or more, as "openssl rand -base64 48" prints them, or set AUTH_JWKS_URL, AUTH_ISSUER and AUTH_AUDIENCE.'
      : undefined,
  (env) =>
    env.DATABASE_REPLICA_URLS !== undefined && env.DATABASE_URL === undefined && !isProduction(env)
      ? 'DATABASE_REPLICA_URLS is set without DATABASE_URL: set DATABASE_URL to the primary, or unset DATABASE_REPLICA_URLS.'
      : undefined,
  ({ HOOK_URL: url, HOOK_SECRET: secret }) =>
    url !== undefined && secret === undefined
      ? 'HOOK_SECRET is not set, and HOOK_URL needs it: set it to what "echo whsec_$(openssl rand -base64 32)" prints, here and in your product.'
      : undefined,
  ({ SCAN_URL: url, SCAN_SECRET: secret }) =>
    url !== undefined && secret === undefined
      ? 'SCAN_SECRET is not set, and SCAN_URL needs it: set it to what "echo whsec_$(openssl rand -base64 32)" prints, here and in your scanner.'
      : undefined,
  ({ SCAN_URL: scan, MEDIA_URL: media, PUBLIC_URL: base }) =>
    scan !== undefined && base === undefined && media?.startsWith('s3:') !== true && media !== 'off'
      ? 'PUBLIC_URL is not set, and SCAN_URL needs it, because your scanner fetches files of a folder from Parley: set it to an address of Parley that the scanner reaches, such as https://chat.example.'
      : undefined,
  (env) =>
    pushNeeds(env, 'PUSH_VAPID_KEY', 'PUSH_VAPID_SUBJECT', 'mailto: and an address where you are reached'),
  (env) => pushNeeds(env, 'PUSH_VAPID_SUBJECT', 'PUSH_VAPID_KEY', 'what "parley push keys" prints'),
  (env) => pushNeeds(env, 'PUSH_APNS_KEY_FILE', 'PUSH_APNS_KEY_ID', 'the id that Apple shows beside the key'),
  (env) => pushNeeds(env, 'PUSH_APNS_KEY_FILE', 'PUSH_APNS_TEAM_ID', 'the id of your team at Apple'),
  (env) => pushNeeds(env, 'PUSH_APNS_KEY_FILE', 'PUSH_APNS_TOPIC', 'the bundle id of your app'),
  (env) => samePort(env, 'PORT', 'ADMIN_PORT'),
  (env) => samePort(env, 'PORT', 'SERVER_PORT'),
  (env) => samePort(env, 'ADMIN_PORT', 'SERVER_PORT'),
]

/** One sentence per rule that is broken. */
export function pairingProblems(env: Environment, needs: Needs): readonly string[] {
  return PAIRINGS.map((problemIn) => problemIn(env, needs)).filter((problem) => problem !== undefined)
}

/** Treats an invalid NODE_ENV as production, so that the first error message already has the stricter rules. */
function isProduction({ NODE_ENV: mode }: Environment): boolean {
  return mode !== undefined && mode !== 'development' && mode !== 'test'
}

const DEFAULT_PORTS = { PORT: '4000', ADMIN_PORT: '9464', SERVER_PORT: 'off' }
type PortName = keyof typeof DEFAULT_PORTS

function samePort(env: Environment, first: PortName, second: PortName): string | undefined {
  const [one, other] = [first, second].map((name) => env[name] ?? DEFAULT_PORTS[name])
  if (Number(one) !== Number(other) || Number(one) === 0) return undefined
  return `${first} and ${second} are both ${one}: set ${second} to another port, or to off.`
}

function pushNeeds(env: Environment, given: PushName, needed: PushName, what: string): string | undefined {
  if (env[given] === undefined || env[needed] !== undefined) return undefined
  return `${needed} is not set, and ${given} needs it: set it to ${what}.`
}

type PushName = Extract<keyof Environment, `PUSH_${string}`>

function jwksNeeds(
  env: Environment,
  name: 'AUTH_ISSUER' | 'AUTH_AUDIENCE',
  claim: string,
): string | undefined {
  if (env.AUTH_JWKS_URL === undefined || env[name] !== undefined) return undefined
  return `${name} is not set, and AUTH_JWKS_URL needs it: set it to the ${claim} that the identity provider puts into its tokens.`
}
