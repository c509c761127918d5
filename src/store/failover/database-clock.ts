import type { Clock } from '../../lib/clock.ts'
import type { ClockSample } from '../sql/server-state.ts'

/** The clock of the primary. */
export type DatabaseClock = Clock &
  Readonly<{
    /** Call it with each sample of the primary's clock. */
    observe(sample: ClockSample): void
  }>

/** The difference to the monotonic clock of this gateway, and how wrong it may be. */
type Estimate = Readonly<{ offsetMs: number; errorMs: number; madeAt: number }>

/** Two clocks drift apart by at most this, in milliseconds per millisecond. Quartz is better by far. */
const DRIFT = 0.0005

/*
 * The database decides when a message was sent and when it expires. A gateway whose own clock is wrong would hide or
 * show it at another time than the other gateways. So all moments are compared with the clock of the primary, which
 * every check of the primary reads. A sample is wrong by half of its round trip at most (Cristian 1989). A worse sample
 * than the present estimate is ignored, unless the two contradict each other: then the clock was set, or the primary is
 * another server.
 */
export function createDatabaseClock(elapsedMs: () => number, beforeFirstSample: Clock): DatabaseClock {
  let estimate: Estimate | undefined

  return {
    now: () =>
      estimate === undefined ? beforeFirstSample.now() : Math.round(elapsedMs() + estimate.offsetMs),
    observe({ nowMs, askedAt, answeredAt }) {
      const errorMs = (answeredAt - askedAt) / 2
      const offsetMs = nowMs - (askedAt + answeredAt) / 2
      const present = estimate && {
        ...estimate,
        errorMs: estimate.errorMs + DRIFT * (answeredAt - estimate.madeAt),
      }
      const contradicts =
        present !== undefined && Math.abs(offsetMs - present.offsetMs) > errorMs + present.errorMs
      if (present === undefined || errorMs <= present.errorMs || contradicts)
        estimate = { offsetMs, errorMs, madeAt: answeredAt }
    },
  }
}
