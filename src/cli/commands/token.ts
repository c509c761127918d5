import { randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import type { AuthConfig } from '../../config/config.ts'
import { ConfigError } from '../../config/config-error.ts'
import { withDevSecret } from '../../config/dev-secret.ts'
import { loadConfig } from '../../config/load-config.ts'
import type { RunCommand } from '../process.ts'

/** The user that a token signs in, and for how long. */
export type TokenRequest = Readonly<{
  subject: string
  name: string | undefined
  picture: string | undefined
  lifetimeS: number
}>

/** Prints the token and nothing else, so that other commands can use it: `$(parley token alice)`. */
export const printToken: RunCommand<TokenRequest> = async ({ env, print }, request) => {
  const { config, secrets } = loadConfig(env, { needsDatabase: false })
  const { authSecret } = await withDevSecret(config, secrets)
  print(await signToken(request, config.auth, authSecret))
  return 0
}

/** Throws ConfigError if an identity provider signs the tokens. */
async function signToken(request: TokenRequest, auth: AuthConfig, key: string | undefined): Promise<string> {
  if (auth.type === 'jwks' || key === undefined) throw new ConfigError([NO_KEY])
  const { subject, name, picture, lifetimeS } = request
  const claims = { ...(name === undefined ? {} : { name }), ...(picture === undefined ? {} : { picture }) }
  const token = new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(subject)
    .setJti(randomUUID())
  if (auth.issuer !== undefined) token.setIssuer(auth.issuer)
  if (auth.audience !== undefined) token.setAudience(auth.audience)
  const nowS = Math.floor(Date.now() / 1000)
  token.setIssuedAt(nowS).setExpirationTime(nowS + lifetimeS)
  return token.sign(new TextEncoder().encode(key))
}

const NO_KEY =
  'AUTH_JWKS_URL is set, so the identity provider signs tokens and Parley has no key to sign one with. Sign in there, or unset AUTH_JWKS_URL, AUTH_ISSUER and AUTH_AUDIENCE to try things out in development.'
