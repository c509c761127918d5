import type { Position } from './documents.ts'

const ACKNOWLEDGE_AFTER_MS = 500

/** The position of this device in each chat. The server is told a moment later. */
export class Positions {
  readonly #heads = new Map<string, number>()
  readonly #unsent = new Set<string>()
  readonly #markDelivered: (positions: readonly Position[]) => Promise<unknown>
  #timer: NodeJS.Timeout | undefined

  constructor(markDelivered: (positions: readonly Position[]) => Promise<unknown>) {
    this.#markDelivered = markDelivered
  }

  /** Advances a chat to `seq`. Returns false if it was there already: the event is a repetition, drop it. */
  advance(chatId: string, seq: number): boolean {
    if (seq <= (this.#heads.get(chatId) ?? 0)) return false
    this.#heads.set(chatId, seq)
    this.#unsent.add(chatId)
    this.#timer ??= setTimeout(() => void this.#send(), ACKNOWLEDGE_AFTER_MS)
    return true
  }

  /** Stops without acknowledging the rest. The server will replay it. */
  stop(): void {
    clearTimeout(this.#timer)
  }

  async #send(): Promise<void> {
    this.#timer = undefined
    const chatIds = [...this.#unsent]
    this.#unsent.clear()
    try {
      await this.#markDelivered(chatIds.map((chatId) => ({ chatId, seq: this.#heads.get(chatId) ?? 0 })))
    } catch (error) {
      console.error('Not acknowledged; retrying with the next event:', error)
      for (const chatId of chatIds) this.#unsent.add(chatId)
    }
  }
}
