import type { Store } from '../api.ts'

/** A store whose value is set from outside. Listeners run after each change, in the order of their subscription. */
export class ValueStore<Value> implements Store<Value> {
  #value: Value
  readonly #listeners = new Set<() => void>()
  readonly #onWatched: ((isWatched: boolean) => void) | undefined

  /** `onWatched` is called when the first listener comes and when the last one goes. */
  constructor(value: Value, onWatched?: (isWatched: boolean) => void) {
    this.#value = value
    this.#onWatched = onWatched
  }

  readonly getSnapshot = (): Value => this.#value

  readonly subscribe = (listener: () => void): (() => void) => {
    // Each subscription is its own entry, even if the same function subscribes twice.
    const entry = (): void => listener()
    this.#listeners.add(entry)
    if (this.#listeners.size === 1) this.#onWatched?.(true)
    return () => {
      if (this.#listeners.delete(entry) && this.#listeners.size === 0) this.#onWatched?.(false)
    }
  }

  set(value: Value): void {
    if (Object.is(value, this.#value)) return
    this.#value = value
    for (const listener of Array.from(this.#listeners)) listener()
  }
}
