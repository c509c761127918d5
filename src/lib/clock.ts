/** Where the present comes from, so that tests can choose it. */
export type Clock = Readonly<{
  /** Milliseconds since 1970, UTC. May jump either way, as the machine's clock may. */
  now(): number
}>

/** The machine's clock. */
export const systemClock: Clock = { now: () => Date.now() }
