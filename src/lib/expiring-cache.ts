import type { Clock } from './clock.ts'

/**
 * Remembers up to `maxEntries` values for `ttlMs` each. Beyond that the one that was stored longest ago goes
 * first; a Map keeps its keys in that order. When the clock jumps back, what was stored after it is forgotten, or
 * it would be remembered for the length of the jump.
 */
export class ExpiringCache<Key, Value> {
  readonly #entries = new Map<Key, { readonly value: Value; readonly storedAt: number }>()
  readonly #maxEntries: number
  readonly #ttlMs: number
  readonly #clock: Clock

  constructor({ maxEntries, ttlMs, clock }: Readonly<{ maxEntries: number; ttlMs: number; clock: Clock }>) {
    this.#maxEntries = maxEntries
    this.#ttlMs = ttlMs
    this.#clock = clock
  }

  get(key: Key): Value | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined || this.#isFresh(entry.storedAt)) return entry?.value
    this.#entries.delete(key)
    return undefined
  }

  set(key: Key, value: Value): void {
    this.#entries.delete(key)
    this.#entries.set(key, { value, storedAt: this.#clock.now() })
    const [oldest] = this.#entries.keys()
    if (this.#entries.size > this.#maxEntries && oldest !== undefined) this.#entries.delete(oldest)
  }

  delete(key: Key): void {
    this.#entries.delete(key)
  }

  #isFresh(storedAt: number): boolean {
    const ageMs = this.#clock.now() - storedAt
    return ageMs >= 0 && ageMs < this.#ttlMs
  }
}
