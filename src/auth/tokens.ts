import { errors, jwtVerify } from 'jose'
import type { JWTPayload, JWTVerifyOptions } from 'jose'
import type { AuthConfig } from '../config/config.ts'
import { ParleyError } from '../errors.ts'
import type { Clock } from '../lib/clock.ts'
import { claimsFrom } from './claims.ts'
import type { Claims } from './claims.ts'
import { createJwks } from './jwks.ts'
import { createSecretTokenVerifier } from './secret-tokens.ts'

/**
 * How far the clocks of issuer and gateway may differ, in seconds. A gateway checks its connections once a second and
 * closes those with an expired token within 5 s, so the tolerance must be lower than that.
 */
export const CLOCK_TOLERANCE_S = 3

/** Verifies tokens. */
export type TokenVerifier = Readonly<{
  /**
   * Returns the claims of a valid token.
   *
   * Errors:
   * - UNAUTHENTICATED – the token is not valid. The text says why, without any part of the token.
   * - UNAVAILABLE – the token cannot be verified at the moment.
   */
  verify(token: string): Promise<Claims>
}>

type Dependencies = Readonly<{
  auth: AuthConfig
  /** The HS256 key. Required if `auth.type` is `secret`. */
  secret: string | undefined
  clock: Clock
}>

const MAX_TOKEN_LENGTH = 8_192

/** The kind of key fixes the algorithms. Otherwise an attacker could use a public key as an HMAC secret. */
const PUBLIC_KEY_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA']

/** Creates a verifier for tokens that are signed with AUTH_SECRET or by an identity provider. Fetches nothing yet. */
export function createTokenVerifier({ auth, secret, clock }: Dependencies): TokenVerifier {
  const verify = auth.type === 'secret' ? secretVerify(secret) : publicKeyVerify(auth.url)
  const options = verifyOptions(auth)
  return {
    async verify(token) {
      const nowMs = clock.now()
      try {
        if (token.length > MAX_TOKEN_LENGTH) throw new errors.JWTInvalid('too long')
        const payload = await verify(token, { ...options, currentDate: new Date(nowMs) })
        return claimsFrom(payload, nowMs)
      } catch (error) {
        throw error instanceof ParleyError ? error : rejection(error)
      }
    },
  }
}

/** Returns the claims of a token whose signature and claims are valid. */
type Verify = (token: string, options: JWTVerifyOptions) => JWTPayload | Promise<JWTPayload>

function secretVerify(secret: string | undefined): Verify {
  if (secret === undefined) throw new Error('Tokens signed with a secret need AUTH_SECRET')
  return createSecretTokenVerifier(secret)
}

function publicKeyVerify(url: string): Verify {
  const key = createJwks(url)
  return async (token, options) => (await jwtVerify(token, key, options)).payload
}

/** Tokens of an identity provider must expire. Tokens that are signed with AUTH_SECRET need not. */
function verifyOptions(auth: AuthConfig): JWTVerifyOptions {
  const isOwn = auth.type === 'secret'
  return {
    ...(isOwn ? {} : { algorithms: PUBLIC_KEY_ALGORITHMS }),
    requiredClaims: isOwn ? ['sub'] : ['sub', 'exp'],
    clockTolerance: CLOCK_TOLERANCE_S,
    ...(auth.issuer === undefined ? {} : { issuer: auth.issuer }),
    ...(auth.audience === undefined ? {} : { audience: auth.audience }),
  }
}

function rejection(cause: unknown): ParleyError {
  return new ParleyError('UNAUTHENTICATED', reasonFor(cause), { cause })
}

function reasonFor(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'The token has expired.'
  if (error instanceof errors.JWTClaimValidationFailed) return reasonForClaim(error)
  if (error instanceof errors.JWSSignatureVerificationFailed) return "The token's signature does not match."
  if (error instanceof errors.JOSEAlgNotAllowed) return "The token's algorithm is not accepted here."
  if (error instanceof errors.JWKSNoMatchingKey) return 'The token is signed with an unknown key.'
  if (error instanceof errors.JWKSMultipleMatchingKeys)
    return 'The token does not name the key that signed it (kid).'
  return 'The token is malformed.'
}

function reasonForClaim({ claim, reason }: errors.JWTClaimValidationFailed): string {
  if (reason === 'missing') return `The token lacks the claim "${claim}".`
  switch (claim) {
    case 'nbf':
      return 'The token is not valid yet.'
    case 'aud':
      return 'The token is meant for another audience.'
    case 'iss':
      return 'The token comes from another issuer.'
    default:
      return `The token's claim "${claim}" is malformed.`
  }
}

/**
 * Returns whether a token has expired; a token without `expiresAt` never does. Computes it exactly as the verifier
 * does, in whole seconds and with the tolerance. Otherwise a client could reconnect with a token for which it was
 * just disconnected, again and again.
 */
export function hasExpired(expiresAt: Date | undefined, nowMs: number): boolean {
  if (expiresAt === undefined) return false
  return expiresAt.getTime() / 1000 <= Math.floor(nowMs / 1000) - CLOCK_TOLERANCE_S
}

/**
 * Returns the token in an `authorization` value: "Bearer x" in any case, or the bare token. Returns undefined if
 * there is none. Returns credentials of other schemes unchanged; the verifier rejects them as a malformed token.
 */
export function bearer(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  const text = value.trim()
  const token = /^bearer +(\S.*)$/i.exec(text)?.[1] ?? text
  return token === '' ? undefined : token
}
