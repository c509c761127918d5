/** The wall clock. Injected, so that tests can set the time. */
export type Clock = Readonly<{
  /** Milliseconds since 1970, UTC. May jump in either direction, as the machine's clock may. */
  now(): number
}>

/** The machine's clock. */
export const systemClock: Clock = { now: () => Date.now() }

/** Milliseconds of a monotonic clock: for ages and durations, which must survive a jump of the wall clock. */
export function elapsedMs(): number {
  return performance.now()
}
