import { createLocalJWKSet, createRemoteJWKSet, errors } from 'jose'
import type { JWTVerifyGetKey } from 'jose'
import { unavailable } from '../errors.ts'

/** How long fetched keys are used without asking again. */
const FRESH_MS = 10 * 60_000
/** At least this long between two fetches that tokens with unknown keys cause. */
const COOLDOWN_MS = 30_000
/** At least this long between two fetches while they fail. */
const REST_AFTER_FAILURE_MS = 1_000
/** How long the last fetched keys go on being used while the identity provider can't be reached. */
const STALE_MS = 60 * 60_000
const FETCH_TIMEOUT_MS = 3_000

/**
 * The public keys of an identity provider, fetched when a token first needs them. An unknown `kid` causes at most one
 * fetch every 30 seconds, however many tokens carry one. While the provider is away the last keys serve for an hour,
 * so that its outage does not sign everybody out; what they can't decide is UNAVAILABLE, never a refusal.
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
    if (failure === undefined || performance.now() - failure.at >= REST_AFTER_FAILURE_MS) {
      try {
        const key = await remote(header, token)
        reachedAt = performance.now()
        failure = undefined
        return key
      } catch (error) {
        if (isAboutTheToken(error)) throw error
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
  throw unavailable('The keys that tokens are checked with cannot be fetched at present.', cause)
}

/** As opposed to a provider that is away, or answers with something else than keys. */
function isAboutTheToken(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported
  )
}
