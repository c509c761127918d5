import { pause } from '../../src/lib/async.ts'

/** Numbers of messages in flight stay apart by less than this. */
const CAPACITY = 2 ** 20
const MASK = CAPACITY - 1
const DRAIN_MS = 15_000
const POLL_MS = 10

/**
 * Numbers messages, and knows for each one in flight when it was due, what it belongs to, and what is still expected:
 * one answer, and a number of deliveries.
 */
export class MessagesInFlight {
  readonly #dueAt = new Float64Array(CAPACITY)
  readonly #owner = new Int32Array(CAPACITY)
  readonly #expected = new Int32Array(CAPACITY)
  #count = 0
  #last = 0

  /** Returns the number of a new message. */
  add(dueAt: number, owner: number, deliveries: number): number {
    this.#last += 1
    const at = this.#last & MASK
    if (this.#expected[at] !== 0) throw new Error(`More than ${CAPACITY} messages are in flight.`)
    this.#dueAt[at] = dueAt
    this.#owner[at] = owner
    this.#expected[at] = deliveries + 1
    this.#count += 1
    return this.#last
  }

  dueAt(number: number): number {
    return this.#dueAt[number & MASK] ?? NaN
  }

  owner(number: number): number {
    return this.#owner[number & MASK] ?? NaN
  }

  /** Records an answer or a delivery. Returns whether nothing more is expected of the message. */
  take(number: number): boolean {
    const at = number & MASK
    const left = this.#expected[at] ?? 0
    if (left === 0) return false
    this.#expected[at] = left - 1
    if (left === 1) this.#count -= 1
    return left === 1
  }

  /** The message was refused. No delivery follows. */
  drop(number: number): void {
    const at = number & MASK
    if (this.#expected[at] === 0) return
    this.#expected[at] = 0
    this.#count -= 1
  }

  /** Resolves when all messages are complete. Returns the number of messages that are not, after some seconds. */
  async drain(): Promise<number> {
    const deadline = performance.now() + DRAIN_MS
    while (this.#count > 0 && performance.now() < deadline) await pause(POLL_MS)
    const lost = this.#count
    this.#expected.fill(0)
    this.#count = 0
    return lost
  }
}
