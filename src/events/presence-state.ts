import type { UserId } from '../ids.ts'

/** When somebody was last active. */
export type LastSeen = Readonly<{ userId: UserId; lastSeenAt: Date }>

/** What a person's presence is, as far as somebody may see it. */
export type Presence = Readonly<{
  userId: UserId
  /** Null: not known now. */
  online: boolean | null
  lastSeenAt: Date | null
}>

/** A presence as of a moment. */
export type PresenceState = Presence &
  Readonly<{
    /** Of two sightings of one person the one with the higher is newer, unless everything was forgotten in between. */
    asOf: number
    /** Why it is unknown: they were told to say nothing for a while. An edge follows when that is over. */
    isExcused?: boolean | undefined
  }>

/**
 * Somebody came online, or the window ran out since their last activity, or it is unknown from now on because they are
 * excused. May be told more than once.
 */
export type PresenceEdge = PresenceState
