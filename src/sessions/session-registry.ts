import type { GatewayId, UserId } from '../ids.ts'

/**
 * Knows which gateways a person has live streams on. A port: what it says may be out of date, and callers have to
 * bear that. Too many gateways cost a message that nobody reads; too few cost a delay, until the gateway that was
 * left out finds the hole in its log.
 */
export type SessionRegistry = Readonly<{
  /**
   * This gateway has a live stream of this person's now. Resolves when others can know, or when that has to be given
   * up for now: whoever reads a log afterwards misses nothing that is committed while others could not know. Never
   * rejects.
   */
  register(userId: UserId): Promise<void>
  /** It has none any more. */
  unregister(userId: UserId): void
  /** The other gateways on which any of these people have live streams. */
  gatewaysOf(userIds: readonly UserId[]): Promise<ReadonlySet<GatewayId>>
  /** All other gateways that are alive. */
  others(): Promise<readonly GatewayId[]>
  /** False where this gateway is known to be alone, so that nobody need be looked up. */
  hasOthers(): boolean
  close(): Promise<void>
}>
