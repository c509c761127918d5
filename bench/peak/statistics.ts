import { quantile } from '../measure/statistics.ts'
import type { Ending, Second } from './samples.ts'

/** Counts events per second, and tracks the outcome of every message. */
export class Statistics {
  readonly #acknowledged = new Set<string>()
  readonly #received = new Set<string>()
  readonly #unreceipted = new Map<string, number>()
  #repeated = 0
  #counts = emptyCounts()

  offered(): void {
    this.#counts.offered += 1
  }

  acknowledged(key: string): void {
    this.#counts.acknowledged += 1
    this.#acknowledged.add(key)
  }

  refused(code: string): void {
    this.#counts.refused[code] = (this.#counts.refused[code] ?? 0) + 1
  }

  /** `position` is the message's position in its chat. It identifies the receipt. */
  received(key: string, position: string, ms: number): void {
    if (this.#received.has(key)) {
      this.#repeated += 1
      return
    }
    this.#received.add(key)
    this.#counts.received += 1
    this.#counts.receiveMs.push(ms)
    this.#unreceipted.set(position, performance.now())
  }

  /** The sender has received the receipt of the message at this position. */
  receipted(position: string): void {
    const arrivedAt = this.#unreceipted.get(position)
    if (arrivedAt === undefined) return
    this.#unreceipted.delete(position)
    this.#counts.receiptMs.push(performance.now() - arrivedAt)
  }

  newcomer(isTurnedAway: boolean): void {
    this.#counts.newcomers += 1
    if (isTurnedAway) this.#counts.turnedAway += 1
  }

  /** Ends the second and returns its figures. */
  endSecond(at: number): Second {
    const { receiveMs, receiptMs, ...counts } = this.#counts
    this.#counts = emptyCounts()
    return {
      at,
      ...counts,
      receiveP50: quantile(receiveMs, 0.5),
      receiveP99: quantile(receiveMs, 0.99),
      receiptP50: quantile(receiptMs, 0.5),
      receiptP99: quantile(receiptMs, 0.99),
    }
  }

  /** Returns whether every acknowledged message has arrived, and every receipt as well. */
  isSettled(): boolean {
    return this.#unreceipted.size === 0 && this.#lost().length === 0
  }

  ending(settledMs: number): Ending {
    return {
      acknowledged: this.#acknowledged.size,
      lost: this.#lost().length,
      repeated: this.#repeated,
      receiptsMissing: this.#unreceipted.size,
      settledMs,
    }
  }

  #lost(): readonly string[] {
    return [...this.#acknowledged].filter((key) => !this.#received.has(key))
  }
}

function emptyCounts() {
  const refused: Record<string, number> = {}
  const [receiveMs, receiptMs]: [number[], number[]] = [[], []]
  return {
    offered: 0,
    acknowledged: 0,
    received: 0,
    receiveMs,
    receiptMs,
    refused,
    newcomers: 0,
    turnedAway: 0,
  }
}
