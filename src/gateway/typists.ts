import type { UserId } from '../ids.ts'
import type { TypingChanged } from '../events/signal.ts'

/** Who says nothing more for this long is deemed to have stopped, in milliseconds. */
export const TYPING_SILENCE_MS = 5_000

/**
 * Who types in one chat, as far as this gateway has heard. Each gateway waits for the silence by itself, so that
 * nobody types for ever when the gateway that they typed on is gone.
 */
export class Typists {
  readonly #timers = new Map<UserId, NodeJS.Timeout>()
  readonly #onSilence: (userId: UserId) => void

  constructor(onSilence: (userId: UserId) => void) {
    this.#onSilence = onSilence
  }

  /** Whether that is news. */
  note({ userId, typing }: TypingChanged): boolean {
    const wasTyping = this.#forget(userId)
    if (typing) this.#timers.set(userId, setTimeout(() => this.#stop(userId), TYPING_SILENCE_MS).unref())
    return wasTyping !== typing
  }

  /** Nobody is told any more. */
  end(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#timers.clear()
  }

  #stop(userId: UserId): void {
    this.#forget(userId)
    this.#onSilence(userId)
  }

  #forget(userId: UserId): boolean {
    clearTimeout(this.#timers.get(userId))
    return this.#timers.delete(userId)
  }
}
