import type { UserId } from '../../ids.ts'
import type { Dispose } from '../../lib/dispose.ts'
import { SmallMap } from '../../lib/small-map.ts'
import type { LiveLimits } from '../../quotas/live-limits.ts'

/**
 * The users who have signed in on one connection. It counts for each of them until it closes, not until their last
 * operation ends: otherwise a user could keep any number of connections on which one operation has run.
 */
export class ConnectionUsers {
  readonly #limits: LiveLimits
  /** Nearly always of one user. */
  readonly #disposals = new SmallMap<UserId, Dispose>()
  #isReleased = false

  constructor(limits: LiveLimits) {
    this.#limits = limits
  }

  /** Throws RATE_LIMITED if the user has too many connections. */
  add(userId: UserId): void {
    if (this.#isReleased || this.#disposals.has(userId)) return
    this.#disposals.set(userId, this.#limits.take(userId, 'connection'))
  }

  /** The connection has closed. */
  release(): void {
    this.#isReleased = true
    for (const dispose of this.#disposals.values()) dispose()
    this.#disposals.clear()
  }
}
