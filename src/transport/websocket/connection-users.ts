import type { UserId } from '../../ids.ts'
import type { LiveLimits, LiveUse } from '../../quotas/live-limits.ts'

/**
 * The users who have signed in on one connection. It counts for each of them until it closes, not until their last
 * operation ends: otherwise a user could keep any number of connections on which one operation has run.
 */
export class ConnectionUsers {
  readonly #limits: LiveLimits
  /** Nearly always of one user. Undefined once released. */
  #uses: readonly LiveUse[] | undefined = NONE

  constructor(limits: LiveLimits) {
    this.#limits = limits
  }

  /** Throws RATE_LIMITED if the user has too many connections. */
  add(userId: UserId): void {
    if (this.#uses === undefined || this.#uses.some((use) => use.userId === userId)) return
    this.#uses = this.#uses.concat(this.#limits.take(userId, 'connection'))
  }

  /** The connection has closed. */
  release(): void {
    for (const use of this.#uses ?? NONE) use.dispose()
    this.#uses = undefined
  }
}

const NONE: readonly LiveUse[] = []
