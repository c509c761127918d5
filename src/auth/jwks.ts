import { createLocalJWKSet, createRemoteJWKSet, errors } from 'jose'
import type { JWTVerifyGetKey } from 'jose'
import { unavailable } from '../errors.ts'

/** How long fetched keys are used before the next fetch. */
const FRESH_MS = 10 * 60_000
/** The shortest time between two fetches that tokens with unknown keys cause. */
const COOLDOWN_MS = 30_000
/** When a client tries again with a token whose key may be new. The next fetch is at most `COOLDOWN_MS` away. */
const UNKNOWN_KEY_RETRY_MS = 5_000
/** The shortest time between two fetches while they fail. */
const RETRY_AFTER_MS = 1_000
/** How long the last keys are used while the identity provider is unreachable. */
const STALE_MS = 60 * 60_000
const FETCH_TIMEOUT_MS = 3_000

/**
 * Returns the public keys of an identity provider. Fetches them when a token first needs them. Unknown values of
 * `kid` cause at most one fetch in 30 s. Until the next one a token with an unknown key is not rejected as invalid: the
 * provider may have added the key since.
 *
 * If the provider is unreachable, the last keys serve for an hour, so that an outage does not sign users out. The
 * function then never rejects a token as invalid because its key is unknown.
 *
 * Errors: UNAVAILABLE – the provider is unreachable, or was asked just before, and the last keys do not include the
 * token's.
 */
export function createJwks(url: string): JWTVerifyGetKey {
  const remote = createRemoteJWKSet(new URL(url), {
    cacheMaxAge: FRESH_MS,
    cooldownDuration: COOLDOWN_MS,
    timeoutDuration: FETCH_TIMEOUT_MS,
  })
  let reachedAt = -Infinity
  let failure: Readonly<{ at: number; cause: unknown; lastKeys: JWTVerifyGetKey | undefined }> | undefined

  function lastKeys(): JWTVerifyGetKey | undefined {
    const keys = performance.now() - reachedAt < STALE_MS ? remote.jwks() : undefined
    return keys === undefined ? undefined : createLocalJWKSet(keys)
  }

  return async (header, token) => {
    if (failure === undefined || performance.now() - failure.at >= RETRY_AFTER_MS) {
      const wasCoolingDown = remote.coolingDown
      try {
        const key = await remote(header, token)
        reachedAt = performance.now()
        failure = undefined
        return key
      } catch (error) {
        if (wasCoolingDown && error instanceof errors.JWKSNoMatchingKey) throw keyMayBeNew(error)
        if (isTokenError(error)) throw error
        failure = { at: performance.now(), cause: error, lastKeys: lastKeys() }
      }
    }
    return fromLastKeys(failure, header, token)
  }
}

type VerificationKey = Awaited<ReturnType<JWTVerifyGetKey>>
type Failure = Readonly<{ cause: unknown; lastKeys: JWTVerifyGetKey | undefined }>

async function fromLastKeys(
  { cause, lastKeys }: Failure,
  ...[header, token]: Parameters<JWTVerifyGetKey>
): Promise<VerificationKey> {
  try {
    if (lastKeys !== undefined) return await lastKeys(header, token)
  } catch (error) {
    if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
  }
  throw unavailable('The keys that verify tokens cannot be fetched at the moment. Try again.', cause)
}

function keyMayBeNew(cause: unknown): Error {
  const message = "The token's key is unknown. It may be new: try again in a moment."
  return unavailable(message, cause, UNKNOWN_KEY_RETRY_MS)
}

/** Returns whether the token is at fault, rather than a provider that is unreachable or returns no keys. */
function isTokenError(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported
  )
}
