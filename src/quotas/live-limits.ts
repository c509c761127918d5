import { ParleyError } from '../errors.ts'
import type { UserId } from '../ids.ts'

/**
 * The most that one user may have open at once on one gateway. Each costs memory as long as it is open. Quotas do not
 * suffice: they bound how many begin.
 */
export const LIVE_LIMITS = {
  /** WebSockets. A browser with many tabs, a phone and a tablet have far fewer. */
  connection: 100,
  /** Subscriptions over WebSockets. */
  subscription: 200,
  /** Subscriptions over HTTP. */
  stream: 100,
} as const

export type LiveKind = keyof typeof LIVE_LIMITS

type Counts = Record<LiveKind, number>

/** Something that a user has open. Counts until it is disposed of. */
export type LiveUse = Readonly<{ userId: UserId; dispose(): void }>

/** Counts what each user has open. */
export type LiveLimits = Readonly<{
  /**
   * Counts one more until the result is disposed of.
   *
   * Errors: RATE_LIMITED – the user has as many open as allowed. Those that are open stay.
   */
  take(userId: UserId, kind: LiveKind): LiveUse
}>

/** Others of the user may be closed by then. */
const RETRY_AFTER_MS = 30_000

const NAMES = { connection: 'connections', subscription: 'subscriptions', stream: 'streams' } as const

/** `factor` multiplies the limits. Infinity: no limits. */
export function createLiveLimits(factor = 1): LiveLimits {
  const counts = new Map<UserId, Counts>()

  function countsOf(userId: UserId): Counts {
    const known = counts.get(userId)
    if (known !== undefined) return known
    const created = { connection: 0, subscription: 0, stream: 0 }
    counts.set(userId, created)
    return created
  }

  function release(userId: UserId, kind: LiveKind): void {
    const ofUser = countsOf(userId)
    ofUser[kind] -= 1
    if (ofUser.connection + ofUser.subscription + ofUser.stream === 0) counts.delete(userId)
  }

  return {
    take(userId, kind) {
      const max = LIVE_LIMITS[kind] * factor
      if ((counts.get(userId)?.[kind] ?? 0) >= max) throw tooMany(kind, max)
      countsOf(userId)[kind] += 1
      return new CountedUse(userId, kind, release)
    },
  }
}

type Release = (userId: UserId, kind: LiveKind) => void

/** A class, because each connection keeps some: closures would take more memory. */
class CountedUse implements LiveUse {
  readonly userId: UserId
  readonly #kind: LiveKind
  #release: Release | undefined

  constructor(userId: UserId, kind: LiveKind, release: Release) {
    this.userId = userId
    this.#kind = kind
    this.#release = release
  }

  dispose(): void {
    this.#release?.(this.userId, this.#kind)
    this.#release = undefined
  }
}

function tooMany(kind: LiveKind, max: number): ParleyError {
  const message = `You have ${max} ${NAMES[kind]} open, the most allowed. Close one first.`
  return new ParleyError('RATE_LIMITED', message, { retryAfterMs: RETRY_AFTER_MS })
}
