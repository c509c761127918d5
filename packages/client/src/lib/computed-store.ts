import type { Store } from '../api.ts'

/** A store whose value is computed when it is asked for, at most once after each `markStale`. */
export class ComputedStore<Value> implements Store<Value> {
  readonly #compute: () => Value
  readonly #listeners = new Set<() => void>()
  #value: Value | undefined
  #isValid = false

  /** `compute` returns the previous value, by identity, if nothing changed. */
  constructor(compute: () => Value) {
    this.#compute = compute
  }

  readonly getSnapshot = (): Value => {
    if (!this.#isValid) {
      this.#value = this.#compute()
      this.#isValid = true
    }
    return this.#value as Value
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    const entry = (): void => listener()
    this.#listeners.add(entry)
    return () => void this.#listeners.delete(entry)
  }

  /** The sources of the value have changed. The next snapshot is computed anew. */
  markStale(): void {
    this.#isValid = false
  }

  /** Calls the listeners. */
  notify(): void {
    for (const listener of Array.from(this.#listeners)) listener()
  }
}
