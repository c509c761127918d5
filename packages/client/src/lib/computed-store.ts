import type { Store } from '../api.ts'
import { Listeners } from './listeners.ts'

/** A store whose value is computed when it is asked for, at most once after each `markStale`. */
export class ComputedStore<Value> extends Listeners implements Store<Value> {
  readonly #compute: () => Value
  #value: Value | undefined
  #isValid = false

  /** `compute` returns the previous value, by identity, if nothing changed. */
  constructor(compute: () => Value) {
    super()
    this.#compute = compute
  }

  readonly getSnapshot = (): Value => {
    if (!this.#isValid) {
      this.#value = this.#compute()
      this.#isValid = true
    }
    return this.#value as Value
  }

  /** The sources of the value have changed. The next snapshot is computed anew. */
  markStale(): void {
    this.#isValid = false
  }
}
