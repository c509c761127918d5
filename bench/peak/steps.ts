/** A rate of offered messages, and its duration. */
export type Step = Readonly<{ perSecond: number; seconds: number }>

/** Up to several times the capacity of two cores, and down again to see the recovery. */
export const STEPS: readonly Step[] = [
  { perSecond: 250, seconds: 10 },
  { perSecond: 500, seconds: 10 },
  { perSecond: 1_000, seconds: 12 },
  { perSecond: 2_000, seconds: 15 },
  { perSecond: 4_000, seconds: 15 },
  { perSecond: 8_000, seconds: 15 },
  { perSecond: 250, seconds: 40 },
]

/** Returns the first second of each step. */
export function startsOf(steps: readonly Step[]): readonly number[] {
  let at = 0
  return steps.map(({ seconds }) => (at += seconds) - seconds)
}
