/** The action that is due for a peer. */
export type LivenessAction = 'none' | 'ping' | 'terminate'

/**
 * Decides whether a peer is still there, from when it was last active. Any frame counts as activity. With a check every
 * second and the default limits, a silent peer is terminated within 24 seconds of its last activity.
 */
export class Liveness {
  readonly #silenceMs: number
  #activeAt: number
  #pingedAt: number | undefined

  /** `silenceMs` is how long the peer may be silent before a ping, and again after it. */
  constructor(now: number, silenceMs: number) {
    this.#silenceMs = silenceMs
    this.#activeAt = now
  }

  recordActivity(now: number): void {
    this.#activeAt = now
    this.#pingedAt = undefined
  }

  /** Gives the peer its full time again, because its frames could not be read for a while. */
  reset(now: number): void {
    this.recordActivity(now)
  }

  /** Returns the action that is due. A returned `ping` counts as sent. */
  check(now: number): LivenessAction {
    if (this.#pingedAt !== undefined) return now - this.#pingedAt < this.#silenceMs ? 'none' : 'terminate'
    if (now - this.#activeAt < this.#silenceMs) return 'none'
    this.#pingedAt = now
    return 'ping'
  }
}
