/** What came in, in order, for whoever waits for it: a wait that starts after the event still succeeds. */
export class EventQueue<Item> {
  readonly all: Item[] = []
  readonly #waiting = new Set<() => void>()
  #taken = 0

  push(item: Item): void {
    this.all.push(item)
    for (const wake of this.#waiting) wake()
  }

  /** The next item that nobody took yet. Rejects when none comes within `timeoutMs`. */
  async next(timeoutMs = 10_000): Promise<Item> {
    return this.match(() => true, timeoutMs)
  }

  /** The next untaken item that `predicate` accepts; those before it are passed over. */
  async match(predicate: (item: Item) => boolean, timeoutMs = 10_000): Promise<Item> {
    const deadline = AbortSignal.timeout(timeoutMs)
    const late = new Error()
    for (;;) {
      while (this.#taken < this.all.length) {
        const item = this.all[this.#taken++] as Item
        if (predicate(item)) return item
      }
      await this.#arrival(deadline, late)
    }
  }

  /** Whatever came so far counts as taken. */
  passOver(): void {
    this.#taken = this.all.length
  }

  /** Resolves once `condition` holds of everything that came so far. */
  async until(condition: (all: readonly Item[]) => boolean, timeoutMs = 10_000): Promise<readonly Item[]> {
    const deadline = AbortSignal.timeout(timeoutMs)
    const late = new Error()
    while (!condition(this.all)) await this.#arrival(deadline, late)
    return this.all
  }

  /** `tooLate` was made where the wait began, so that its stack says who waits. */
  async #arrival(deadline: AbortSignal, tooLate: Error): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const late = (): void => {
      tooLate.message = `Nothing more came; so far: ${JSON.stringify(this.all.slice(-20))}`
      reject(tooLate)
    }
    this.#waiting.add(resolve)
    deadline.addEventListener('abort', late, { once: true })
    try {
      if (deadline.aborted) late()
      await promise
    } finally {
      this.#waiting.delete(resolve)
      deadline.removeEventListener('abort', late)
    }
  }
}
