import { LinkedMap } from './linked-map.ts'

/**
 * A map that never holds more than `maxWeight`: beyond it, the entries that were set longest ago go first. Neither
 * setting nor forgetting looks at more than what goes.
 */
export class BoundedMap<Key, Value> {
  readonly #entries = new LinkedMap<Key, Readonly<{ value: Value; weight: number }>>()
  readonly #maxWeight: number
  #weight = 0

  constructor(maxWeight: number) {
    this.#maxWeight = maxWeight
  }

  get(key: Key): Value | undefined {
    return this.#entries.get(key)?.value
  }

  /** Puts it in, as the newest, in the place of what the key had. What weighs too much for any room is forgotten. */
  set(key: Key, value: Value, weight = 1): void {
    this.delete(key)
    this.#entries.set(key, { value, weight })
    this.#weight += weight
    while (this.#weight > this.#maxWeight && this.#entries.oldest !== undefined)
      this.delete(this.#entries.oldest.key)
  }

  delete(key: Key): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#entries.delete(key)
    this.#weight -= entry.weight
  }
}
