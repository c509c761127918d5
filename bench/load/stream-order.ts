/**
 * What a device may expect of a message with some seq:
 * - `new`: it comes for the first time.
 * - `redelivered`: it came before, and the device had not acknowledged it when it reconnected. This is correct.
 * - `repeated`: it came before, and the device had acknowledged it.
 * - `backwards`: the same stream delivered it, or a later message, before.
 */
export type Arrival = 'new' | 'redelivered' | 'repeated' | 'backwards'

/** Checks the order of one chat's messages on the streams of one device. */
export class StreamOrder {
  #streamSeq = 0
  #acknowledgedAtStart = 0
  #acknowledged = 0
  #received = 0

  /** The newest received seq. */
  get received(): number {
    return this.#received
  }

  startStream(): void {
    this.#streamSeq = 0
    this.#acknowledgedAtStart = this.#acknowledged
  }

  /** The gateway has confirmed an acknowledgement. */
  acknowledge(seq: number): void {
    this.#acknowledged = Math.max(this.#acknowledged, seq)
  }

  take(seq: number): Arrival {
    if (seq <= this.#streamSeq) return 'backwards'
    this.#streamSeq = seq
    if (seq <= this.#acknowledgedAtStart) return 'repeated'
    if (seq <= this.#received) return 'redelivered'
    this.#received = seq
    return 'new'
  }
}
