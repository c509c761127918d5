import { errors, jwtVerify } from 'jose'
import type { JWTVerifyGetKey, JWTVerifyOptions } from 'jose'
import type { AuthConfig } from '../config/config.ts'
import { ParleyError } from '../errors.ts'
import type { Clock } from '../lib/clock.ts'
import { claimsFrom } from './claims.ts'
import type { Claims } from './claims.ts'
import { CLOCK_TOLERANCE_S } from './expiry.ts'
import { createJwks } from './jwks.ts'

/** Tells whether a token is genuine and valid now. */
export type TokenVerifier = Readonly<{
  /**
   * The token's claims. UNAUTHENTICATED if it is anything but valid, with a message that says why and repeats nothing
   * of it; UNAVAILABLE if that can't be decided now.
   */
  verify(token: string): Promise<Claims>
}>

type Dependencies = Readonly<{
  auth: AuthConfig
  /** The HS256 key; needed where `auth.type` is `secret`. */
  secret: string | undefined
  clock: Clock
}>

const MAX_TOKEN_LENGTH = 8_192

/** Algorithms are pinned by the kind of key: otherwise a public key could be passed off as an HMAC secret. */
const SECRET_ALGORITHMS = ['HS256']
const PUBLIC_KEY_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA']

/** A verifier for tokens of our own secret or of an identity provider, as `auth` says. Nothing is fetched yet. */
export function createTokenVerifier({ auth, secret, clock }: Dependencies): TokenVerifier {
  const key = auth.type === 'secret' ? secretKey(secret) : createJwks(auth.url)
  const options = verifyOptions(auth)
  return {
    async verify(token) {
      const nowMs = clock.now()
      try {
        if (token.length > MAX_TOKEN_LENGTH) throw new errors.JWTInvalid('too long')
        const { payload } = await jwtVerify(token, key, { ...options, currentDate: new Date(nowMs) })
        return claimsFrom(payload, nowMs)
      } catch (error) {
        throw error instanceof ParleyError ? error : refusal(error)
      }
    },
  }
}

function secretKey(secret: string | undefined): JWTVerifyGetKey {
  if (secret === undefined) throw new Error('Tokens signed with a secret need AUTH_SECRET')
  const bytes = new TextEncoder().encode(secret)
  return () => bytes
}

/** An identity provider's tokens always expire; one of ours may be made not to. */
function verifyOptions(auth: AuthConfig): JWTVerifyOptions {
  const isOwn = auth.type === 'secret'
  return {
    algorithms: isOwn ? SECRET_ALGORITHMS : PUBLIC_KEY_ALGORITHMS,
    requiredClaims: isOwn ? ['sub'] : ['sub', 'exp'],
    clockTolerance: CLOCK_TOLERANCE_S,
    ...(auth.issuer === undefined ? {} : { issuer: auth.issuer }),
    ...(auth.audience === undefined ? {} : { audience: auth.audience }),
  }
}

function refusal(cause: unknown): ParleyError {
  return new ParleyError('UNAUTHENTICATED', reasonFor(cause), { cause })
}

function reasonFor(error: unknown): string {
  if (error instanceof errors.JWTExpired) return 'The token has expired.'
  if (error instanceof errors.JWTClaimValidationFailed) return reasonForClaim(error)
  if (error instanceof errors.JWSSignatureVerificationFailed) return "The token's signature does not match."
  if (error instanceof errors.JOSEAlgNotAllowed) return "The token's algorithm is not accepted here."
  if (error instanceof errors.JWKSNoMatchingKey) return 'The token is signed with an unknown key.'
  if (error instanceof errors.JWKSMultipleMatchingKeys)
    return 'The token does not say which key signed it (kid).'
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
