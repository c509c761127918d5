/** The listeners of a store, called in the order of their subscription. */
export class Listeners {
  readonly #entries = new Set<() => void>()
  readonly #onWatched: ((isWatched: boolean) => void) | undefined

  /** `onWatched` is called when the first listener comes and when the last one goes. */
  constructor(onWatched?: (isWatched: boolean) => void) {
    this.#onWatched = onWatched
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    // Each subscription is its own entry, even if the same function subscribes twice.
    const entry = (): void => listener()
    this.#entries.add(entry)
    if (this.#entries.size === 1) this.#onWatched?.(true)
    return () => {
      if (this.#entries.delete(entry) && this.#entries.size === 0) this.#onWatched?.(false)
    }
  }

  notify(): void {
    for (const listener of Array.from(this.#entries)) listener()
  }
}
