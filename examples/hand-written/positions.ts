import type { Position } from './documents.ts'
import { backoffMs } from './pause.ts'

const ACKNOWLEDGE_AFTER_MS = 500
/** The server accepts no more positions in one call. */
const MAX_POSITIONS = 500

/** The position of this device in each chat. The server is told a moment later. */
export class Positions {
  readonly #heads = new Map<string, number>()
  readonly #unsent = new Set<string>()
  readonly #markDelivered: (positions: readonly Position[]) => Promise<unknown>
  #timer: ReturnType<typeof setTimeout> | undefined
  #isSending = false
  #isStopped = false
  #failures = 0

  constructor(markDelivered: (positions: readonly Position[]) => Promise<unknown>) {
    this.#markDelivered = markDelivered
  }

  /** Returns whether the chat is known. */
  has(chatId: string): boolean {
    return this.#heads.has(chatId)
  }

  /** Advances a chat to `seq`. Returns false if it was there already: the event is a repetition, drop it. */
  advance(chatId: string, seq: number): boolean {
    if (seq <= (this.#heads.get(chatId) ?? -1)) return false
    this.#heads.set(chatId, seq)
    // An empty chat has nothing to acknowledge.
    if (seq > 0) this.#unsent.add(chatId)
    this.#schedule(ACKNOWLEDGE_AFTER_MS)
    return true
  }

  /** Forgets all positions. After InboxReset, they may lie beyond the head of a restored log. */
  reset(): void {
    this.#heads.clear()
    this.#unsent.clear()
  }

  /** Stops without acknowledging the rest. The server will replay it. */
  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
  }

  #schedule(ms: number): void {
    if (this.#isSending || this.#isStopped || this.#unsent.size === 0) return
    this.#timer ??= setTimeout(() => void this.#send(), ms)
  }

  async #send(): Promise<void> {
    this.#isSending = true
    const chatIds = [...this.#unsent].slice(0, MAX_POSITIONS)
    const positions = chatIds.map((chatId) => ({ chatId, seq: this.#heads.get(chatId) ?? 0 }))
    for (const chatId of chatIds) this.#unsent.delete(chatId)
    try {
      await this.#markDelivered(positions)
      this.#failures = 0
    } catch (error) {
      console.error('Not acknowledged yet:', error)
      this.#failures += 1
      for (const chatId of chatIds) if (this.has(chatId)) this.#unsent.add(chatId)
    }
    this.#timer = undefined
    this.#isSending = false
    this.#schedule(this.#failures === 0 ? 0 : backoffMs(this.#failures))
  }
}
