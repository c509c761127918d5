import type { UserId } from '../ids.ts'

/** When a user was last active. */
export type LastSeen = Readonly<{ userId: UserId; lastSeenAt: Date }>

/** A user's presence, as one viewer may see it. */
export type Presence = Readonly<{
  userId: UserId
  /** Null if it is unknown at the moment. */
  online: boolean | null
  lastSeenAt: Date | null
}>

/** A user's presence as of a moment. */
export type PresenceState = Presence &
  Readonly<{
    /** Orders the states of one user: the higher one is newer, unless the presence store lost its data in between. */
    asOf: number
    /** Why `online` is null: the user is in a grace period. An edge follows when it ends. */
    isInGracePeriod?: boolean | undefined
  }>

/**
 * A change of state: the user came online, went offline, or is unknown because a grace period began. The same edge may
 * be published more than once.
 */
export type PresenceEdge = PresenceState
