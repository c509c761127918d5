import type { Position } from './documents.ts'

const ACKNOWLEDGE_AFTER_MS = 500

/** Up to where this device has each chat, and the server's knowledge of it: brought up to date a moment later. */
export class Positions {
  readonly #heads = new Map<string, number>()
  readonly #unsent = new Set<string>()
  readonly #markDelivered: (positions: readonly Position[]) => Promise<unknown>
  #timer: NodeJS.Timeout | undefined

  constructor(markDelivered: (positions: readonly Position[]) => Promise<unknown>) {
    this.#markDelivered = markDelivered
  }

  /** Goes on to `seq`. False where the chat had come that far already: the event is an old one, to be dropped. */
  advance(chatId: string, seq: number): boolean {
    if (seq <= (this.#heads.get(chatId) ?? 0)) return false
    this.#heads.set(chatId, seq)
    this.#unsent.add(chatId)
    this.#timer ??= setTimeout(() => void this.#send(), ACKNOWLEDGE_AFTER_MS)
    return true
  }

  /** What was not sent yet is not sent any more; the server will send it again. */
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
      console.error('Not acknowledged; the next event takes it along:', error)
      for (const chatId of chatIds) this.#unsent.add(chatId)
    }
  }
}
