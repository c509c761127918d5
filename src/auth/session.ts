import { ParleyError, forbidden, unavailable } from '../errors.ts'
import { withTimeout } from '../lib/async.ts'
import type { Dispose } from '../lib/dispose.ts'
import { bearer, hasExpired, type TokenVerifier } from './tokens.ts'
import type { Claims } from './claims.ts'
import type { RevocableToken, Revocations } from './revocations.ts'

/** The user of an operation. */
export type Viewer = Pick<Claims, 'userId' | 'name' | 'avatarUrl'>

/**
 * A verified token in use. A renewal changes `viewer`, `token` and `expiresAt`, so keep the session rather than a copy.
 */
export type Session = Readonly<{
  viewer: Viewer
  /** The claims that a revocation can refer to. */
  token: RevocableToken
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
    const session = new TokenSession(claims, revocations)
    if (session.isRevoked()) throw revoked()
    await provision(claims)
    // It may have been revoked meanwhile, before anything looked at this session.
    if (session.isRevoked()) throw revoked()
    return session
  }

  return {
    authenticate: (token) => withTimeout(AUTHENTICATE_WITHIN_MS, verify(token), tooLate),
    onRevocation: revocations.onChange,
  }
}

/** The session of one token. A class, because each connection keeps one: closures would take more memory. */
class TokenSession implements Session {
  readonly viewer: Omit<Claims, 'issuedAt'>
  readonly renew = undefined
  readonly #revocations: Pick<Revocations, 'isRevoked'>

  constructor(claims: Claims, revocations: Pick<Revocations, 'isRevoked'>) {
    const { userId, name, avatarUrl, tokenId, statedIssuedAt, expiresAt } = claims
    this.viewer = { userId, name, avatarUrl, tokenId, statedIssuedAt, expiresAt }
    this.#revocations = revocations
  }

  get token(): RevocableToken {
    return this.viewer
  }

  get expiresAt(): Date | undefined {
    return this.viewer.expiresAt
  }

  isRevoked(): boolean {
    return this.#revocations.isRevoked(this.viewer)
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
  return new RenewableSession(first, authenticate, onRenewed)
}

/** A class, because each connection keeps one: an object with getters of its own takes ten times the memory. */
class RenewableSession implements Session {
  readonly #authenticate: Authenticator['authenticate']
  readonly #onRenewed: (token: string) => void
  #current: Session

  constructor(
    first: Session,
    authenticate: Authenticator['authenticate'],
    onRenewed: (token: string) => void,
  ) {
    this.#current = first
    this.#authenticate = authenticate
    this.#onRenewed = onRenewed
  }

  get viewer(): Viewer {
    return this.#current.viewer
  }

  get token(): RevocableToken {
    return this.#current.token
  }

  get expiresAt(): Date | undefined {
    return this.#current.expiresAt
  }

  isRevoked(): boolean {
    return this.#current.isRevoked()
  }

  async renew(value: string): Promise<void> {
    const token = bearer(value)
    if (token === undefined) throw new ParleyError('UNAUTHENTICATED', 'The token is empty.')
    const next = await this.#authenticate(token)
    if (next.viewer.userId !== this.#current.viewer.userId) {
      throw forbidden('A session can only be renewed with a token of the same user.')
    }
    this.#current = next
    this.#onRenewed(token)
  }
}
