import { createConcurrencyLimiter } from '../../lib/concurrency-limiter.ts'
import type { Metrics } from '../../telemetry/metrics.ts'

/** The gateway has no room for this connection now. The client should connect again after `retryAfterMs`. */
export class ConnectionRejectedError extends Error {
  override readonly name = 'ConnectionRejectedError'
  readonly retryAfterMs: number

  constructor(retryAfterMs: number) {
    super(`Too many connections start at once. Connect again in ${retryAfterMs} ms.`)
    this.retryAfterMs = retryAfterMs
  }
}

/** Decides which new connections may sign in now. */
export type ConnectionAdmission = Readonly<{
  /** Runs `signIn` when its turn comes. Rejects with ConnectionRejectedError, at no cost, if that would take long. */
  admit<Result>(signIn: () => Promise<Result>): Promise<Result>
}>

type Dependencies = Readonly<{
  /** How long a connection that is admitted now would probably wait until its inbox starts. */
  expectedWaitMs(): number
  /** When to connect again because of load; undefined (the default) if the load allows new connections. */
  retryAfterMs?(): number | undefined
  metrics?: Pick<Metrics, 'rejectedConnections'>
  /** Between 0 and 1, from Math.random in production. */
  random?: () => number
}>

/** How many tokens are checked, and their users provisioned, at once. Their users share statements. */
const MAX_CONCURRENT_SIGN_INS = 32
/** A connection that would wait longer is rejected, in milliseconds. */
const MAX_WAIT_MS = 2_000
/** Bounds of `retryAfterMs` before it is spread: a queue that was long a moment ago may be gone. */
const RETRY_AFTER_MS = { min: 1_000, max: 20_000 }

/**
 * Paces new connections, above all when all clients reconnect at once, after the death of a gateway or of a network.
 * Connections that can be served soon wait in a queue. The others are rejected at no cost to the database. Each gets
 * its own time to retry, between half and one and a half of what the queue needs, so that they do not return together.
 */
export function createConnectionAdmission({
  expectedWaitMs,
  retryAfterMs,
  metrics,
  random = Math.random,
}: Dependencies): ConnectionAdmission {
  const limiter = createConcurrencyLimiter(MAX_CONCURRENT_SIGN_INS)

  function spread(waitMs: number): number {
    const { min, max } = RETRY_AFTER_MS
    return Math.round(Math.min(Math.max(waitMs, min), max) * (0.5 + random()))
  }

  /** Returns undefined if the connection is admitted. */
  function rejectionFor(waitMs: number): number | undefined {
    return retryAfterMs?.() ?? (waitMs > MAX_WAIT_MS ? spread(waitMs) : undefined)
  }

  return {
    async admit(signIn) {
      const rejectedForMs = rejectionFor(limiter.expectedWaitMs() + expectedWaitMs())
      if (rejectedForMs !== undefined) {
        metrics?.rejectedConnections.inc()
        throw new ConnectionRejectedError(rejectedForMs)
      }
      return limiter.run(signIn)
    },
  }
}
