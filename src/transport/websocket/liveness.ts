/** What to do about a peer now. */
export type LivenessAction = 'nothing' | 'ping' | 'gone'

/**
 * Decides from what was heard of a peer, and when, whether it is still there. Anything heard counts. Looked at once a
 * second, with the default times a peer that fell silent is found gone within 24 seconds of the last that was heard.
 */
export class Liveness {
  readonly #silenceMs: number
  #heardAt: number
  #pingedAt: number | undefined

  /** `silenceMs`: how long nothing may be heard before a ping, and after one. */
  constructor(now: number, silenceMs: number) {
    this.#silenceMs = silenceMs
    this.#heardAt = now
  }

  recordActivity(now: number): void {
    this.#heardAt = now
    this.#pingedAt = undefined
  }

  /** Whatever was or wasn't heard until now, the peer gets its whole time again. */
  reset(now: number): void {
    this.recordActivity(now)
  }

  /** A ping that this answers counts as sent. */
  check(now: number): LivenessAction {
    if (this.#pingedAt !== undefined) return now - this.#pingedAt < this.#silenceMs ? 'nothing' : 'gone'
    if (now - this.#heardAt < this.#silenceMs) return 'nothing'
    this.#pingedAt = now
    return 'ping'
  }
}
