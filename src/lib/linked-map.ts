type Entry<Key, Value> = {
  readonly key: Key
  readonly value: Value
  older: Entry<Key, Value> | undefined
  newer: Entry<Key, Value> | undefined
}

/**
 * A map that knows at once which of its entries was set longest ago. A Map has them in that order too, but to find the
 * first it walks over the places of those deleted before it, as many as half of what it holds: where each use of an
 * entry makes it the newest, that is what a use costs.
 */
export class LinkedMap<Key, Value> {
  readonly #entries = new Map<Key, Entry<Key, Value>>()
  #oldest: Entry<Key, Value> | undefined
  #newest: Entry<Key, Value> | undefined

  get size(): number {
    return this.#entries.size
  }

  /** Undefined where it is empty. */
  get oldest(): Readonly<{ key: Key; value: Value }> | undefined {
    return this.#oldest
  }

  get(key: Key): Value | undefined {
    return this.#entries.get(key)?.value
  }

  /** Puts it in as the newest, in the place of what the key had. */
  set(key: Key, value: Value): void {
    this.delete(key)
    const entry: Entry<Key, Value> = { key, value, older: undefined, newer: undefined }
    this.#entries.set(key, entry)
    this.#join(this.#newest, entry)
    this.#join(entry, undefined)
  }

  delete(key: Key): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#entries.delete(key)
    this.#join(entry.older, entry.newer)
  }

  /** From the oldest to the newest. */
  *[Symbol.iterator](): Generator<readonly [Key, Value], void, undefined> {
    for (const { key, value } of this.#entries.values()) yield [key, value]
  }

  #join(older: Entry<Key, Value> | undefined, newer: Entry<Key, Value> | undefined): void {
    if (older === undefined) this.#oldest = newer
    else older.newer = newer
    if (newer === undefined) this.#newest = older
    else newer.older = older
  }
}
