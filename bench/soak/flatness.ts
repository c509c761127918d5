import { spreadOf } from '../measure/statistics.ts'

/** The growth that is tolerated over the judged part of a run: a share of the median, or a number if that is more. */
export type Tolerance = Readonly<{ share: number; least: number }>

export type Flatness = Readonly<{ median: number; growth: number; allowed: number; isFlat: boolean }>

/** The score of a trend that chance shows in one of forty series. */
const SIGNIFICANT_SCORE = 1.96
/** The first third belongs to warming up: code is compiled, caches and pools fill. */
const JUDGED_FROM = 1 / 3

/**
 * Judges whether a series grows over its last two thirds. The slope is that of Theil and Sen, the median of the slopes
 * between all pairs of values, so a few outliers do not decide. A growth counts if it is beyond the tolerance, and the
 * test of Mann and Kendall sees a trend. Values that merely scatter are flat.
 */
export function judge(values: readonly number[], { share, least }: Tolerance): Flatness {
  const judged = values.slice(Math.floor(values.length * JUDGED_FROM))
  const { median } = spreadOf(judged)
  const growth = slopeOf(judged) * (judged.length - 1)
  const allowed = Math.max(Math.abs(median) * share, least)
  return { median, growth, allowed, isFlat: growth <= allowed || scoreOf(judged) <= SIGNIFICANT_SCORE }
}

/** Returns the growth from one value to the next. 0 for fewer than two values. */
function slopeOf(values: readonly number[]): number {
  if (values.length < 2) return 0
  const slopes = values.flatMap((from, index) =>
    values.slice(index + 1).map((to, distance) => (to - from) / (distance + 1)),
  )
  return spreadOf(slopes).median
}

/** Returns the score of Mann and Kendall: how many standard deviations more pairs rise than fall. */
function scoreOf(values: readonly number[]): number {
  const count = values.length
  const rises = values.flatMap((from, index) => values.slice(index + 1).map((to) => Math.sign(to - from)))
  const balance = rises.reduce((sum, rise) => sum + rise, 0)
  return (balance - 1) / Math.sqrt((count * (count - 1) * (2 * count + 5)) / 18)
}
