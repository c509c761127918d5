/** Waits for a payload. */
export type PayloadWaiter = Readonly<{ settled(outcome: PayloadOutcome): void }>

/**
 * The end of a `next` message in UTF-8: the JSON text of the result, and the brace that closes the message.
 * `viewer-needed`: the result differs per viewer, so there is none to share.
 */
export type PayloadOutcome = Buffer | 'viewer-needed'

/**
 * The result of one event, computed once and sent to all who wait for it. Not a promise: a promise would cost each of a
 * thousand waiters a closure and a turn of the microtask queue.
 */
export class Payload {
  #outcome: PayloadOutcome | undefined
  #waiting: PayloadWaiter[] = []
  #settledMs = Infinity

  /** Undefined while it is being computed. */
  get outcome(): PayloadOutcome | undefined {
    return this.#outcome
  }

  /** How long ago it was settled, in milliseconds. 0 or less while it is being computed. */
  ageMs(nowMs: number): number {
    return nowMs - this.#settledMs
  }

  /** Calls the waiter once the outcome is known. */
  wait(waiter: PayloadWaiter): void {
    this.#waiting.push(waiter)
  }

  settle(outcome: PayloadOutcome, nowMs: number): void {
    const waiting = this.#waiting
    this.#outcome = outcome
    this.#settledMs = nowMs
    this.#waiting = []
    for (const waiter of waiting) waiter.settled(outcome)
  }
}
