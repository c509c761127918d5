/**
 * Runs a bounded number of tasks at once. The others wait in order of arrival.
 *
 * For bounds that are made for an operation and soon dropped. Those of p-limit have properties with getters, which live
 * in the old generation, see docs/internals/garbage-collection.md.
 */
export class Slots {
  readonly #max: number
  #taken = 0
  /** Each gets the slot of a task that has ended. */
  #waiting: (() => void)[] | undefined

  constructor(max: number) {
    this.#max = max
  }

  /** Whether no task runs or waits. */
  get isIdle(): boolean {
    return this.#taken === 0
  }

  /** Starts `work` at once if there is a free slot. */
  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#taken < this.#max) this.#taken += 1
    else await this.#turn()
    try {
      return await work()
    } finally {
      const next = this.#waiting?.shift()
      if (next === undefined) this.#taken -= 1
      else next()
    }
  }

  #turn(): Promise<void> {
    this.#waiting ??= []
    const turn = Promise.withResolvers<void>()
    this.#waiting.push(turn.resolve)
    return turn.promise
  }
}
