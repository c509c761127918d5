type Entry = { readonly dueAt: number; isAnswered: boolean; hasArrived: boolean }

/** Follows each message from its send to its answer and its arrival. Keeps only messages that miss one of them. */
export class MessageLedger {
  readonly #open = new Map<number, Entry>()

  sent(number: number, dueAt: number): void {
    this.#open.set(number, { dueAt, isAnswered: false, hasArrived: false })
  }

  answered(number: number): void {
    const entry = this.#open.get(number)
    if (entry === undefined) return
    entry.isAnswered = true
    if (entry.hasArrived) this.#open.delete(number)
  }

  /** The message was refused, or its outcome is unknown. It may arrive or not. */
  refused(number: number): void {
    this.#open.delete(number)
  }

  /** Returns the time since the message was due. Undefined if it arrived before, or was refused. */
  arrived(number: number): number | undefined {
    const entry = this.#open.get(number)
    if (entry === undefined || entry.hasArrived) return undefined
    entry.hasArrived = true
    if (entry.isAnswered) this.#open.delete(number)
    return performance.now() - entry.dueAt
  }

  /** Number of messages that miss their answer or their arrival. */
  get open(): number {
    return this.#open.size
  }

  /** Number of messages that were acknowledged and have not arrived. */
  get missing(): number {
    return [...this.#open.values()].filter(({ isAnswered, hasArrived }) => isAnswered && !hasArrived).length
  }
}
