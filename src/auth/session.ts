import { ParleyError, forbidden, unavailable } from '../errors.ts'
import { withTimeout } from '../lib/async.ts'
import { bearer } from './bearer.ts'
import type { Claims } from './claims.ts'
import type { TokenVerifier } from './tokens.ts'

/** The person that an operation runs for. */
export type Viewer = Pick<Claims, 'userId' | 'name' | 'avatarUrl'>

/**
 * One verified token in use. A renewal changes what `viewer` and `expiresAt` answer: keep the session, not a copy.
 */
export type Session = Readonly<{
  viewer: Viewer
  /** Undefined: it does not expire. */
  expiresAt: Date | undefined
  /**
   * Puts a fresh token of the same person in the place of the present one: FORBIDDEN for another person's,
   * UNAUTHENTICATED for an invalid one; the session stays as it was then. Undefined where nothing lasts longer than
   * one request.
   */
  renew: ((token: string) => Promise<void>) | undefined
}>

export type Authenticator = Readonly<{
  /**
   * Verifies the token and makes its person known. UNAUTHENTICATED or UNAVAILABLE, as the verifier says; UNAVAILABLE
   * too where that takes longer than `AUTHENTICATE_WITHIN_MS`.
   */
  authenticate(token: string): Promise<Session>
}>

type Dependencies = Readonly<{
  verifier: TokenVerifier
  /** Called for every token that is presented; expected to remember whom it has seen. */
  provision(claims: Claims): Promise<void>
}>

export function createAuthenticator({ verifier, provision }: Dependencies): Authenticator {
  async function admit(token: string): Promise<Session> {
    const claims = await verifier.verify(token)
    await provision(claims)
    const { userId, name, avatarUrl, expiresAt } = claims
    return { viewer: { userId, name, avatarUrl }, expiresAt, renew: undefined }
  }

  return {
    authenticate: (token) => withTimeout(AUTHENTICATE_WITHIN_MS, admit(token), tooLate),
  }
}

/** Half of the ten seconds that an operation may take in all. */
export const AUTHENTICATE_WITHIN_MS = 5_000

function tooLate(): ParleyError {
  return unavailable('Your token could not be checked in time. Try again.')
}

/** A session that can be renewed in place. `onRenewed` hears of each token that took over. */
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
    async renew(value) {
      const token = bearer(value)
      if (token === undefined) throw new ParleyError('UNAUTHENTICATED', 'The token is empty.')
      const next = await authenticate(token)
      if (next.viewer.userId !== current.viewer.userId) {
        throw forbidden('A session can only be renewed with a token of the same person.')
      }
      current = next
      onRenewed(token)
    },
  }
}
