import type { Environment } from './env.ts'

/** What the command that runs cannot do without. */
type Needs = Readonly<{ needsDatabase: boolean }>

/**
 * What variables say about each other. The rules look at the environment as it was given, not at parsed values,
 * so that a mistake in one variable does not hide another: all of them are told at once.
 */
const PAIRINGS: readonly ((env: Environment, needs: Needs) => string | undefined)[] = [
  (env) =>
    env.AUTH_SECRET !== undefined && env.AUTH_JWKS_URL !== undefined
      ? 'AUTH_SECRET and AUTH_JWKS_URL are both set: tokens are checked by one of the two; take the other away.'
      : undefined,
  (env) => jwksNeeds(env, 'AUTH_ISSUER', '"iss"'),
  (env) => jwksNeeds(env, 'AUTH_AUDIENCE', '"aud"'),
  (env, { needsDatabase }) =>
    needsDatabase && isProduction(env) && env.DATABASE_URL === undefined
      ? 'DATABASE_URL is not set, and production has no embedded database: set it to the primary, postgres://user:password@host:5432/database.'
      : undefined,
  (env) =>
    isProduction(env) && env.AUTH_SECRET === undefined && env.AUTH_JWKS_URL === undefined
      ? 'AUTH_SECRET is not set, and production makes no key up: set it to 32 random bytes or more, as "openssl rand -base64 48" prints them, or set AUTH_JWKS_URL, AUTH_ISSUER and AUTH_AUDIENCE.'
      : undefined,
  (env) =>
    env.DATABASE_REPLICA_URLS !== undefined && env.DATABASE_URL === undefined && !isProduction(env)
      ? 'DATABASE_REPLICA_URLS is set without DATABASE_URL: name the primary as well, or take the replicas away.'
      : undefined,
  ({ PORT: port = '4000', ADMIN_PORT: adminPort = '9464' }) =>
    Number(port) === Number(adminPort) && Number(port) !== 0
      ? `PORT and ADMIN_PORT are both ${port}: choose another one for ADMIN_PORT, or off.`
      : undefined,
]

/** One sentence for each rule between variables that is broken. */
export function pairingProblems(env: Environment, needs: Needs): readonly string[] {
  return PAIRINGS.map((problemIn) => problemIn(env, needs)).filter((problem) => problem !== undefined)
}

/** An unknown NODE_ENV is a mistake of its own; until it is mended, the stricter rules are the ones to tell. */
function isProduction({ NODE_ENV: mode }: Environment): boolean {
  return mode !== undefined && mode !== 'development' && mode !== 'test'
}

function jwksNeeds(
  env: Environment,
  name: 'AUTH_ISSUER' | 'AUTH_AUDIENCE',
  claim: string,
): string | undefined {
  if (env.AUTH_JWKS_URL === undefined || env[name] !== undefined) return undefined
  return `${name} is not set, and AUTH_JWKS_URL needs it: set it to the ${claim} that the identity provider puts into its tokens.`
}
