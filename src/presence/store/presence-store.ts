import type { GatewayId, UserId } from '../../ids.ts'
import type { PresenceEdge, LastSeen, PresenceState } from '../../events/presence-state.ts'

/** Somebody did something, so many milliseconds ago. */
export type Activity = Readonly<{
  userId: UserId
  agoMs: number
  /** What the store called that moment when it was told of it before. */
  lastSeenAt?: Date | undefined
}>

/** Somebody was told to come back in so many milliseconds: until then it proves nothing that they are silent. */
export type GracePeriod = Readonly<{ userId: UserId; forMs: number }>

/** What became of activities. */
export type ActivityResult = Readonly<{
  /** Those who were not online before and are now. */
  cameOnline: readonly WatchedEdge[]
  /** Everybody's last activity, as the store calls its moment: to be given to it again where it has to be told again. */
  lastSeen: readonly LastSeen[]
}>

/** An edge, and the gateways that asked to hear of this person. */
export type WatchedEdge = Readonly<{ edge: PresenceEdge; watchers: readonly GatewayId[] }>

/** What has to be done about those people that are in the care of this gateway at present. */
export type SweepResult = Readonly<{
  /** What was told to the store before may be lost, in part or whole: tell it again. */
  hasLostState: boolean
  /** Their window has run out, or their excuse without activity. Tell the watchers, then `settle`. */
  expired: readonly WatchedEdge[]
  /** Their last activity has to be written down for good. Do it, then say `saved`. */
  unsaved: readonly LastSeen[]
}>

/**
 * Who was active when, and which gateways want to know. A port, kept in fast memory that may vanish; one contract
 * suite holds every implementation to these laws:
 *
 * - Somebody is online for exactly one window (20 s) after their last activity. A clock that jumps back makes nobody
 *   online for longer, and moves no `lastSeenAt` back: that only ever grows.
 * - `touch` is atomic. Of those who become online at once through several gateways, each is told of by one or more.
 * - Whoever is excused is not offline: when their window runs out, or where it has, it is unknown whether they are online;
 *   they are offline when their excuse has run out as well. An excuse is never shortened.
 * - Who ran out is answered by every `sweep` until settled, to one gateway at a time. One that dies is replaced by
 *   another's `sweep` within a second. So an edge may be told twice, and is never left out.
 * - Whoever was active is answered as `unsaved` once they ran out, at once where that was before the store was told,
 *   and once a minute while they stay online.
 * - `online` is null where the store knows that it does not know: soon after it forgot everything.
 * - What can't be done now rejects, at once or within two seconds, and may be tried again.
 *
 * What it does not ensure, so that callers must not rely on it: that it remembers. Callers tell it again who was
 * active, who is excused, and whom they watch. A `lastSeenAt` of null means that the database may know more.
 */
export type PresenceStore = Readonly<{
  /** Takes note of activity, of each person once. */
  recordActivity(activities: readonly Activity[]): Promise<ActivityResult>
  /** Excuses people, each of them once. Answers with those of whom it was known, and is not any more. */
  grantGracePeriods(excuses: readonly GracePeriod[]): Promise<readonly WatchedEdge[]>
  lookUp(userIds: readonly UserId[]): Promise<readonly PresenceState[]>
  /** This gateway wants to hear of these people for the next ten minutes. Answers as `lookUp` does, as of that moment. */
  watch(userIds: readonly UserId[]): Promise<readonly PresenceState[]>
  unwatch(userIds: readonly UserId[]): Promise<void>
  /** To be called four times a second, by every gateway. */
  sweep(): Promise<SweepResult>
  /** These edges were told: they are over, unless the person has come back meanwhile. */
  confirmExpired(edges: readonly PresenceEdge[]): Promise<void>
  markSaved(seen: readonly LastSeen[]): Promise<void>
  /** This gateway goes. Answers with what has to be saved because no other gateway will. */
  close(): Promise<readonly LastSeen[]>
}>

/** How long somebody is online after their last activity, in milliseconds. */
export const WINDOW_MS = 20_000
/** How often the last activity of those who stay online is written down for good, in milliseconds. */
export const SAVE_EVERY_MS = 60_000
