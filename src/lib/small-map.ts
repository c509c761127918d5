type Entry<Key, Value> = Readonly<{ key: Key; value: Value }>

const NONE: readonly never[] = []

/**
 * A map for very many owners that have one or two entries each: it takes half of the memory of a `Map`, and nearly none
 * while it is empty. Each operation takes time linear in the number of entries.
 */
export class SmallMap<Key, Value> implements Iterable<Entry<Key, Value>> {
  /** Replaced and not extended: a list that `push` has extended has room for 16 more. */
  #entries: readonly Entry<Key, Value>[] = NONE

  get size(): number {
    return this.#entries.length
  }

  has(key: Key): boolean {
    return this.#entries.some((entry) => entry.key === key)
  }

  set(key: Key, value: Value): void {
    this.#entries = this.#without(key).concat({ key, value })
  }

  /** Returns whether there was an entry. */
  delete(key: Key): boolean {
    const others = this.#without(key)
    const isFound = others.length < this.#entries.length
    this.#entries = others.length === 0 ? NONE : others
    return isFound
  }

  clear(): void {
    this.#entries = NONE
  }

  *values(): Generator<Value, void, void> {
    for (const { value } of this.#entries) yield value
  }

  [Symbol.iterator](): Iterator<Entry<Key, Value>> {
    return this.#entries.values()
  }

  #without(key: Key): readonly Entry<Key, Value>[] {
    return this.#entries.filter((entry) => entry.key !== key)
  }
}
