import pLimit from 'p-limit'

/** Lets so many through at once; the others wait in the order in which they came. */
export type Turnstile = Readonly<{
  /** Does the work when its turn has come. */
  pass<Result>(work: () => Promise<Result>): Promise<Result>
  /** How long whoever came now would probably wait, in milliseconds, going by how long the last ones took. */
  expectedWaitMs(): number
}>

/** How much the newest duration counts for the average; so about the last fifty do. */
const NEWEST_SHARE = 0.02
/** What is expected before anything has passed, in milliseconds. */
const FIRST_GUESS_MS = 5

/** `now` in milliseconds, from a clock that does not jump. */
export function createTurnstile(atOnce: number, now: () => number = () => performance.now()): Turnstile {
  const inTurn = pLimit(atOnce)
  let averageMs = FIRST_GUESS_MS

  async function timed<Result>(work: () => Promise<Result>): Promise<Result> {
    const from = now()
    try {
      return await work()
    } finally {
      averageMs += NEWEST_SHARE * (now() - from - averageMs)
    }
  }

  return {
    pass: (work) => inTurn(() => timed(work)),
    expectedWaitMs: () => (inTurn.pendingCount * averageMs) / atOnce,
  }
}
