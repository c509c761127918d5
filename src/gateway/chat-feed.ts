import type { ChatEvent } from '../events/chat-event.ts'
import type { Seq } from '../ids.ts'

/** A stretch of the log that went missing: seqs from just after the one up to and including the other. */
export type Gap = Readonly<{ afterSeq: Seq; untilSeq: Seq }>

/** Beyond this many, events wait for a hole by their number alone; they are read from the log after it. */
const MAX_WAITING = 256

/**
 * Puts the events of one chat in order, on one gateway. Wake-ups may be lost, repeated, or overtake each other: two
 * writers that committed one after the other may be heard of the other way round. Since seq has no gap, arithmetic
 * tells all three: what is not beyond the last is a repetition, the next is the next, and anything further waits
 * until the hole before it is filled.
 */
export class ChatFeed {
  #lastSeq: Seq
  #headSeq: Seq
  readonly #waiting = new Map<Seq, ChatEvent>()

  /** `lastSeq`: everything up to there is taken care of. */
  constructor(lastSeq: Seq) {
    this.#lastSeq = lastSeq
    this.#headSeq = lastSeq
  }

  /** The last event that was passed on. */
  get lastSeq(): Seq {
    return this.#lastSeq
  }

  /** Takes an event in; answers with those whose turn it is now, in order of seq. */
  offer(event: ChatEvent): readonly ChatEvent[] {
    this.expect(event.seq)
    if (this.#hasPlaceFor(event)) this.#waiting.set(event.seq, event)
    return this.#takeReady()
  }

  /** The log is known to reach to `headSeq`, whoever said so. */
  expect(headSeq: Seq): void {
    this.#headSeq = Math.max(this.#headSeq, headSeq)
  }

  /** Whatever was said of the log beyond the last event that was passed on was wrong, events that wait included. */
  discardPending(): void {
    this.#headSeq = this.#lastSeq
    this.#waiting.clear()
  }

  /** What is missing before the first event that waits, or before the known end of the log. */
  get gap(): Gap | undefined {
    if (this.#lastSeq === this.#headSeq) return undefined
    const firstWaiting = this.#waiting.size === 0 ? this.#headSeq + 1 : Math.min(...this.#waiting.keys())
    return { afterSeq: this.#lastSeq, untilSeq: firstWaiting - 1 }
  }

  /** The next event always has one: it is what all that wait are waiting for. */
  #hasPlaceFor({ seq }: ChatEvent): boolean {
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
