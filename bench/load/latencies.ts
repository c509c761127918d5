import { build } from 'hdr-histogram-js'

const US_PER_MS = 1_000
const HIGHEST_US = 120_000_000

/** A histogram of latencies. Times are in milliseconds. */
export class Latencies {
  readonly #histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: HIGHEST_US,
    numberOfSignificantValueDigits: 3,
  })

  record(ms: number): void {
    this.#histogram.recordValue(Math.min(HIGHEST_US, Math.max(0, Math.round(ms * US_PER_MS))))
  }

  get count(): number {
    return this.#histogram.totalCount
  }

  /** Returns the latency that this percentage of all values does not exceed. NaN without values. */
  at(percentile: number): number {
    if (this.count === 0) return NaN
    return this.#histogram.getValueAtPercentile(percentile) / US_PER_MS
  }

  /** Returns figures for a report. */
  figures(): Readonly<Record<'p50' | 'p99' | 'p999' | 'max', number>> {
    return {
      p50: this.at(50),
      p99: this.at(99),
      p999: this.at(99.9),
      max: this.#histogram.maxValue / US_PER_MS,
    }
  }
}
