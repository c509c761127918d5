import { pause } from '../../lib/async.ts'

/** Of one address. Each takes about ten kilobytes. */
const MAX_HELD = 1_000

/**
 * Delays refusals. A program that ignores `retryAfterMs` repeats a request as soon as it is refused, thousands of times
 * a second, and each refusal costs a fifth of a millisecond. While its refusal is delayed, a connection sends nothing.
 */
export class HeldRefusals {
  readonly #byAddress = new Map<string, number>()
  readonly #max: number

  constructor(max = MAX_HELD) {
    this.#max = max
  }

  /** Resolves with true after so many milliseconds, or with false at once if too many of the address wait. */
  async hold(address: string, ms: number): Promise<boolean> {
    const held = this.#byAddress.get(address) ?? 0
    if (held >= this.#max) return false
    this.#byAddress.set(address, held + 1)
    await pause(ms)
    this.#release(address)
    return true
  }

  #release(address: string): void {
    const held = this.#byAddress.get(address) ?? 0
    if (held > 1) this.#byAddress.set(address, held - 1)
    else this.#byAddress.delete(address)
  }
}
