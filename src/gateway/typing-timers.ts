import type { UserId } from '../ids.ts'
import type { ServedChat } from './hub-state.ts'

/** A user who has not reported typing for this long has stopped, in milliseconds. */
export const TYPING_TIMEOUT_MS = 5_000

/**
 * Ends typing after silence. Each gateway has timers of its own, so that typing ends if the gateway that reported it is
 * gone.
 */
export class TypingTimers {
  readonly #timers = new Map<ServedChat, Map<UserId, NodeJS.Timeout>>()
  readonly #onTimeout: (chat: ServedChat, userId: UserId) => void

  constructor(onTimeout: (chat: ServedChat, userId: UserId) => void) {
    this.#onTimeout = onTimeout
  }

  /** Starts the timer, anew if it runs. */
  start(chat: ServedChat, userId: UserId): void {
    this.stop(chat, userId)
    const timers = this.#timers.get(chat) ?? new Map<UserId, NodeJS.Timeout>()
    this.#timers.set(chat, timers)
    timers.set(userId, setTimeout(() => this.#expire(chat, userId), TYPING_TIMEOUT_MS).unref())
  }

  stop(chat: ServedChat, userId: UserId): void {
    const timers = this.#timers.get(chat)
    if (timers === undefined) return
    clearTimeout(timers.get(userId))
    timers.delete(userId)
    if (timers.size === 0) this.#timers.delete(chat)
  }

  #expire(chat: ServedChat, userId: UserId): void {
    this.stop(chat, userId)
    this.#onTimeout(chat, userId)
  }
}
