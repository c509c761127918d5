import { networkError } from '../errors.ts'

/** The claims that a client reads from its own token. The server verifies the token; nothing here is trusted. */
export type TokenClaims = Readonly<{ subject?: string | undefined; expiresAtMs?: number | undefined }>

/** Reads the claims of a JWT. Anything else has none. */
export function readClaims(token: string): TokenClaims {
  try {
    const payload = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/')
    // Bytes to text: React Native has no TextDecoder, and every engine has `escape`.
    // oxlint-disable-next-line typescript/no-deprecated
    const text = decodeURIComponent(escape(atob(payload)))
    const { sub, exp } = JSON.parse(text) as { sub?: unknown; exp?: unknown }
    return {
      subject: typeof sub === 'string' ? sub : undefined,
      expiresAtMs: typeof exp === 'number' ? exp * 1_000 : undefined,
    }
  } catch {
    return {}
  }
}

/** Renew this long before a token expires, or after four fifths of a shorter lifetime, in milliseconds. */
const RENEW_BEFORE_MS = 60_000

/** Milliseconds from now until the token has to be renewed. Undefined if it does not expire. */
export function renewInMs({ expiresAtMs }: TokenClaims, nowMs: number): number | undefined {
  if (expiresAtMs === undefined) return undefined
  const leftMs = expiresAtMs - nowMs
  return Math.max(0, leftMs - Math.min(RENEW_BEFORE_MS, leftMs / 5))
}

/** Hands out the app's token: one call of the app's function at a time, and again once the token is near its end. */
export type TokenSource = Readonly<{
  /** Whether the app can provide another token than the present one. */
  canRenew: boolean
  /** The present token. Calls the app's function if there is none or if it is about to expire. */
  current(): Promise<string>
  /** A fresh token from the app's function. */
  renew(): Promise<string>
}>

/**
 * Calls the app's function. An app that has no token throws a `ParleyError`. Any other error is taken for a backend
 * that is unreachable at the moment, as `fetch` reports it, and the same call may succeed later.
 */
async function ask(token: () => string | Promise<string>): Promise<string> {
  try {
    return await token()
  } catch (error) {
    throw networkError(error, String(error))
  }
}

export function createTokenSource(token: string | (() => string | Promise<string>)): TokenSource {
  let held: Readonly<{ token: string; staleAtMs: number }> | undefined
  let pending: Promise<string> | undefined

  async function fetchToken(): Promise<string> {
    const fresh = typeof token === 'string' ? token : await ask(token)
    const renewMs = renewInMs(readClaims(fresh), Date.now())
    held = { token: fresh, staleAtMs: renewMs === undefined ? Infinity : Date.now() + renewMs }
    return fresh
  }

  function renew(): Promise<string> {
    pending ??= fetchToken().finally(() => (pending = undefined))
    return pending
  }

  return {
    canRenew: typeof token === 'function',
    async current() {
      return held !== undefined && Date.now() < held.staleAtMs ? held.token : renew()
    },
    renew,
  }
}
