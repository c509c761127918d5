import type { ChatEvent } from '../events/chat-event.ts'
import type { Seq } from '../ids.ts'

/** Missing events of a log: those after `afterSeq`, up to and including `untilSeq`. */
export type Gap = Readonly<{ afterSeq: Seq; untilSeq: Seq }>

/** Events beyond this many are not kept while they wait for a gap to close. They are read from the log after it. */
const MAX_WAITING = 256

/**
 * Puts the events of one chat in order on one gateway. The bus may lose, repeat or reorder them, and two writers may
 * publish in another order than they committed. A log has no missing seq, so a comparison with the last seq detects
 * this. Events up to the last seq are repetitions. The next seq is delivered. Later ones wait until the gap is closed.
 */
export class ChatFeed {
  #lastSeq: Seq
  #headSeq: Seq
  readonly #waiting = new Map<Seq, ChatEvent>()

  /** Events up to `lastSeq` are never delivered. */
  constructor(lastSeq: Seq) {
    this.#lastSeq = lastSeq
    this.#headSeq = lastSeq
  }

  /** The last event that was delivered. */
  get lastSeq(): Seq {
    return this.#lastSeq
  }

  /** Accepts an event. Returns the events that can be delivered now, in order of seq. */
  offer(event: ChatEvent): readonly ChatEvent[] {
    this.expect(event.seq)
    // The usual case: nothing waits, and this is the next event.
    if (this.#waiting.size === 0 && event.seq === this.#lastSeq + 1) {
      this.#lastSeq = event.seq
      return [event]
    }
    if (this.#hasRoomFor(event)) this.#waiting.set(event.seq, event)
    return this.#takeReady()
  }

  /** The log reaches at least to `headSeq`. */
  expect(headSeq: Seq): void {
    this.#headSeq = Math.max(this.#headSeq, headSeq)
  }

  /** The log has nothing beyond the last delivered event: discards the expected head and all waiting events. */
  discardPending(): void {
    this.#headSeq = this.#lastSeq
    this.#waiting.clear()
  }

  /** The gap before the first waiting event, or before the known head of the log. Undefined if there is none. */
  get gap(): Gap | undefined {
    if (this.#lastSeq === this.#headSeq) return undefined
    const firstWaiting = this.#waiting.size === 0 ? this.#headSeq + 1 : Math.min(...this.#waiting.keys())
    return { afterSeq: this.#lastSeq, untilSeq: firstWaiting - 1 }
  }

  /** The next event is always accepted: all waiting events depend on it. */
  #hasRoomFor({ seq }: ChatEvent): boolean {
    return seq === this.#lastSeq + 1 || (seq > this.#lastSeq && this.#waiting.size < MAX_WAITING)
  }

  #takeReady(): ChatEvent[] {
    const ready: ChatEvent[] = []
    for (let next = this.#takeNext(); next !== undefined; next = this.#takeNext()) ready.push(next)
    return ready
  }

  #takeNext(): ChatEvent | undefined {
    const next = this.#waiting.get(this.#lastSeq + 1)
    if (next === undefined) return undefined
    this.#waiting.delete(next.seq)
    this.#lastSeq = next.seq
    return next
  }
}
