import { ParleyError, forbidden, unavailable } from '../errors.ts'
import { withTimeout } from '../lib/async.ts'
import type { Dispose } from '../lib/dispose.ts'
import { bearer, hasExpired, type TokenVerifier } from './tokens.ts'
import type { Claims } from './claims.ts'
import type { Revocations } from './revocations.ts'

/** The user of an operation. */
export type Viewer = Pick<Claims, 'userId' | 'name' | 'avatarUrl'>

/** A verified token in use. A renewal changes `viewer` and `expiresAt`, so keep the session rather than a copy. */
export type Session = Readonly<{
  viewer: Viewer
  /** Undefined if the token does not expire. */
  expiresAt: Date | undefined
  /** Returns whether the token was revoked since. */
  isRevoked(): boolean
  /**
   * Replaces the token with a new one of the same user. If this rejects, the session is unchanged. Undefined if the
   * session ends with its request.
   *
   * Errors: FORBIDDEN – a token of another user; otherwise those of `Authenticator.authenticate`.
   */
  renew: ((token: string) => Promise<void>) | undefined
}>

export type Authenticator = Readonly<{
  /**
   * Verifies the token and provisions its user.
   *
   * Errors:
   * - UNAUTHENTICATED – the token is not valid, or it was revoked.
   * - UNAVAILABLE – the token could not be verified, or not within `AUTHENTICATE_WITHIN_MS`.
   */
  authenticate(token: string): Promise<Session>
  /** Calls the listener when sessions in use may have been revoked. */
  onRevocation(listener: () => void): Dispose
}>

type Dependencies = Readonly<{
  verifier: TokenVerifier
  /** Creates or updates the user. Called for each verified token, so it should remember the recent ones. */
  provision(claims: Claims): Promise<void>
  revocations: Pick<Revocations, 'isRevoked' | 'onChange'>
}>

export function createAuthenticator({ verifier, provision, revocations }: Dependencies): Authenticator {
  async function verify(token: string): Promise<Session> {
    const claims = await verifier.verify(token)
    const isRevoked = (): boolean => revocations.isRevoked(claims)
    if (isRevoked()) throw revoked()
    await provision(claims)
    // It may have been revoked meanwhile, before anything looked at this session.
    if (isRevoked()) throw revoked()
    const { userId, name, avatarUrl, expiresAt } = claims
    return { viewer: { userId, name, avatarUrl }, expiresAt, isRevoked, renew: undefined }
  }

  return {
    authenticate: (token) => withTimeout(AUTHENTICATE_WITHIN_MS, verify(token), tooLate),
    onRevocation: revocations.onChange,
  }
}

function revoked(): ParleyError {
  return new ParleyError('UNAUTHENTICATED', 'The token was revoked. Sign in again.')
}

/** Why a session is over although its connection is open. */
export type SessionEnd = 'expired' | 'revoked'

/** Returns undefined if the session is still valid. */
export function endOf(session: Session | undefined, nowMs: number): SessionEnd | undefined {
  if (session === undefined) return undefined
  if (session.isRevoked()) return 'revoked'
  return hasExpired(session.expiresAt, nowMs) ? 'expired' : undefined
}

/** Half of the 10 s within which an operation answers, in milliseconds. */
export const AUTHENTICATE_WITHIN_MS = 5_000

function tooLate(): ParleyError {
  return unavailable('Your token could not be checked in time. Try again.')
}

/** Returns a session that can be renewed. `onRenewed` is called with each new token. */
export function renewable(
  first: Session,
  authenticate: Authenticator['authenticate'],
  onRenewed: (token: string) => void,
): Session {
  let current = first
  return {
    get viewer() {
      return current.viewer
    },
    get expiresAt() {
      return current.expiresAt
    },
    isRevoked: () => current.isRevoked(),
    async renew(value) {
      const token = bearer(value)
      if (token === undefined) throw new ParleyError('UNAUTHENTICATED', 'The token is empty.')
      const next = await authenticate(token)
      if (next.viewer.userId !== current.viewer.userId) {
        throw forbidden('A session can only be renewed with a token of the same user.')
      }
      current = next
      onRenewed(token)
    },
  }
}
