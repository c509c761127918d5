import type { GatewayId, UserId } from '../ids.ts'

/**
 * Knows on which gateways a user has live streams. A port: its answers may be out of date, and callers must cope. A
 * gateway too many costs a message that no stream needs. A gateway too few costs a delay, until the gateway that was
 * left out finds the gap in its log.
 */
export type SessionRegistry = Readonly<{
  /**
   * This gateway now has a live stream of the user. Resolves when other gateways can find it, or when that is given up
   * for now. A stream that reads the logs after this misses no event that was committed before it. Never rejects.
   */
  register(userId: UserId): Promise<void>
  /** This gateway has no live stream of the user any more. */
  unregister(userId: UserId): void
  /** The other gateways on which any of these users has live streams. */
  gatewaysOf(userIds: readonly UserId[]): Promise<ReadonlySet<GatewayId>>
  /** All other live gateways. */
  others(): Promise<readonly GatewayId[]>
  /** False if this gateway is known to be the only one, so that lookups are not needed. */
  hasOthers(): boolean
  close(): Promise<void>
}>
