import { createConcurrencyLimiter } from '../../lib/concurrency-limiter.ts'
import type { Metrics } from '../../telemetry/metrics.ts'

/** Too many want to come in: this one is to come back after so many milliseconds, and not before. */
export class ConnectionRejectedError extends Error {
  override readonly name = 'ComeBackLater'
  readonly retryAfterMs: number

  constructor(inMs: number) {
    super(`Come back in ${inMs} ms`)
    this.retryAfterMs = inMs
  }
}

/** The door of a gateway. */
export type ConnectionAdmission = Readonly<{
  /** Lets somebody in, in their turn. Rejects with ComeBackLater, having done nothing, where that would take long. */
  admit<Result>(letIn: () => Promise<Result>): Promise<Result>
}>

type Dependencies = Readonly<{
  /** How long whoever is let in now will probably wait until their inbox starts, in milliseconds. */
  expectedWaitMs(): number
  /** After how long newcomers should return because of load; undefined: they are welcome, which is the default. */
  turnAwayMs?(): number | undefined
  metrics?: Pick<Metrics, 'turnedAway'>
  /** Between 0 and 1, from Math.random in production. */
  random?: () => number
}>

/** So many tokens are checked, and their people made known, at once. */
const AT_ONCE = 8
/** Whoever would have to wait for longer than this, in milliseconds, had better come back when the line has gone. */
const MAX_WAIT_MS = 2_000
/** No hint is shorter or longer, but for the spread: a line that was long a moment ago may be gone. */
const HINT_MS = { min: 1_000, max: 20_000 }

/**
 * Paces those who come, above all when everybody comes back at once: after a gateway has died, or the network of a
 * city. Those who can be served soon wait in line. The others are sent away at no cost to the database, each with a
 * time of their own between half and one and a half of what the line needs, so that they don't come back together.
 */
export function createConnectionAdmission({
  expectedWaitMs,
  turnAwayMs,
  metrics,
  random = Math.random,
}: Dependencies): ConnectionAdmission {
  const turnstile = createConcurrencyLimiter(AT_ONCE)

  function hintMs(waitMs: number): number {
    const { min, max } = HINT_MS
    return Math.round(Math.min(Math.max(waitMs, min), max) * (0.5 + random()))
  }

  /** Undefined: they may come in. */
  function laterFor(waitMs: number): number | undefined {
    return turnAwayMs?.() ?? (waitMs > MAX_WAIT_MS ? hintMs(waitMs) : undefined)
  }

  return {
    async admit(letIn) {
      const laterMs = laterFor(turnstile.expectedWaitMs() + expectedWaitMs())
      if (laterMs !== undefined) {
        metrics?.turnedAway.inc()
        throw new ConnectionRejectedError(laterMs)
      }
      return turnstile.run(letIn)
    },
  }
}
