import { Latencies } from './latencies.ts'
import { MessageLedger } from './message-ledger.ts'
import type { Arrival } from './stream-order.ts'

/** Counts messages of a soak by outcome. Latencies are of the current interval, and counts of the whole run. */
export class SoakStatistics {
  readonly ledger = new MessageLedger()
  #latencies = new Latencies()
  readonly #counts = {
    new: 0,
    redelivered: 0,
    repeated: 0,
    backwards: 0,
    refused: 0,
    reconnects: 0,
    closed: 0,
  }

  startInterval(): void {
    this.#latencies = new Latencies()
  }

  arrived(number: number, arrival: Arrival): void {
    this.count(arrival)
    const ms = this.ledger.arrived(number)
    if (ms !== undefined) this.#latencies.record(ms)
  }

  refused(number: number): void {
    this.count('refused')
    this.ledger.refused(number)
  }

  count(what: Arrival | 'refused' | 'reconnects' | 'closed'): void {
    this.#counts[what] += 1
  }

  figures(): Readonly<Record<string, number>> {
    const { open, missing } = this.ledger
    return { ...this.#latencies.figures(), ...this.#counts, open, lost: missing }
  }
}
