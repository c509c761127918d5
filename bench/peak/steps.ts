/** So many messages a second are offered, for so long. */
export type Step = Readonly<{ perSecond: number; seconds: number }>

/** Up to several times what two cores carry, and down again to see it heal. */
export const STEPS: readonly Step[] = [
  { perSecond: 250, seconds: 10 },
  { perSecond: 500, seconds: 10 },
  { perSecond: 1_000, seconds: 12 },
  { perSecond: 2_000, seconds: 15 },
  { perSecond: 4_000, seconds: 15 },
  { perSecond: 8_000, seconds: 15 },
  { perSecond: 250, seconds: 40 },
]

/** The first second of each step. */
export function startsOf(steps: readonly Step[]): readonly number[] {
  let at = 0
  return steps.map(({ seconds }) => (at += seconds) - seconds)
}
