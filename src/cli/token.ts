import { SignJWT } from 'jose'
import type { AuthConfig } from '../config/config.ts'
import { ConfigError } from '../config/config-error.ts'
import { withDevSecret } from '../config/dev-secret.ts'
import { loadConfig } from '../config/load-config.ts'
import { isSubject } from '../ids.ts'
import { parseDurationS } from './duration.ts'
import { type RunVerb, UsageError } from './verb.ts'

/** Who a token signs in, and for how long. */
export type TokenRequest = Readonly<{
  subject: string
  name: string | undefined
  picture: string | undefined
  lifetimeS: number
}>

/** Prints the token and nothing else, so that it can stand within another command: `$(parley token alice)`. */
export const printToken: RunVerb = async ({ positionals, values }, { env, print }) => {
  const request = {
    subject: subjectFrom(positionals[0]),
    name: values['name'],
    picture: pictureFrom(values['picture']),
    lifetimeS: parseDurationS('--for', values['for'] ?? '30d'),
  }
  const { config, secrets } = loadConfig(env)
  const { authSecret } = await withDevSecret(config, secrets)
  print(await signToken(request, config.auth, authSecret))
  return 0
}

/** Throws ConfigError where tokens are the identity provider's business. */
export async function signToken(
  request: TokenRequest,
  auth: AuthConfig,
  key: string | undefined,
): Promise<string> {
  if (auth.type === 'jwks' || key === undefined) throw new ConfigError([NO_KEY])
  const { subject, name, picture, lifetimeS } = request
  const claims = { ...(name === undefined ? {} : { name }), ...(picture === undefined ? {} : { picture }) }
  const token = new SignJWT(claims).setProtectedHeader({ alg: 'HS256', typ: 'JWT' }).setSubject(subject)
  if (auth.issuer !== undefined) token.setIssuer(auth.issuer)
  if (auth.audience !== undefined) token.setAudience(auth.audience)
  const nowS = Math.floor(Date.now() / 1000)
  token.setIssuedAt(nowS).setExpirationTime(nowS + lifetimeS)
  return token.sign(new TextEncoder().encode(key))
}

const NO_KEY =
  'AUTH_JWKS_URL is set, so tokens come from the identity provider and Parley has no key to sign one with: sign in there, or take AUTH_JWKS_URL, AUTH_ISSUER and AUTH_AUDIENCE away to try things out in development.'

function subjectFrom(subject = ''): string {
  if (isSubject(subject)) return subject
  throw new UsageError('<subject> must be 1 to 255 characters, without control characters.')
}

function pictureFrom(picture: string | undefined): string | undefined {
  if (picture === undefined || /^https?:$/.test(URL.parse(picture)?.protocol ?? '')) return picture
  throw new UsageError('--picture must be an address that begins with https:// or http://.')
}
