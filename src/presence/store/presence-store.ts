import type { GatewayId, UserId } from '../../ids.ts'
import type { PresenceEdge, LastSeen, PresenceState } from '../../events/presence-state.ts'

/** A user was active `agoMs` milliseconds ago. */
export type Activity = Readonly<{
  userId: UserId
  agoMs: number
  /** On a replay: the time that the store gave this activity when it was first recorded. */
  lastSeenAt?: Date | undefined
}>

/**
 * A gateway rejected a user's heartbeat and asked them to retry later. For `forMs` milliseconds their silence does not
 * mean that they are offline.
 */
export type GracePeriod = Readonly<{ userId: UserId; forMs: number }>

/** The outcome of recording activities. */
export type ActivityResult = Readonly<{
  /** The users who were offline before and are online now. */
  cameOnline: readonly WatchedEdge[]
  /** The last activity of each user, by the store's clock. A replay passes it back. */
  lastSeen: readonly LastSeen[]
}>

/** An edge, and the gateways that watch its user. */
export type WatchedEdge = Readonly<{ edge: PresenceEdge; watchers: readonly GatewayId[] }>

/** Pending work for the users that this gateway sweeps at present. */
export type SweepResult = Readonly<{
  /** The store may have lost earlier writes, some or all. Replay them. */
  hasLostState: boolean
  /** Users whose window, or grace period, ended without activity. Publish the edges, then call `confirmExpired`. */
  expired: readonly WatchedEdge[]
  /** Last activities that the database does not have yet. Save them, then call `markSaved`. */
  unsaved: readonly LastSeen[]
}>

/**
 * When users were last active, and which gateways watch them. A port, kept in fast memory that may lose its data. One
 * contract suite holds every implementation to these laws:
 *
 * - A user is online for exactly one window (20 s) after their last activity. A clock that jumps back makes no user
 *   online for longer, and moves no `lastSeenAt` back: it only grows.
 * - `recordActivity` is atomic. If several gateways bring a user online at once, at least one of them gets the edge.
 * - A user in a grace period is not offline. When their window has ended they are unknown, and offline once the grace
 *   period has ended too. A grace period is never shortened.
 * - Every `sweep` returns an expired user until `confirmExpired`, to one gateway at a time. If that gateway dies, the
 *   `sweep` of another takes over within a second. So an edge may be published twice, and is never lost.
 * - An active user is returned as `unsaved` once their window has ended, and once a minute while they stay online. An
 *   activity that is older than the window when it is recorded is unsaved at once.
 * - `online` is null if the store knows that it does not know, which is the case shortly after it lost its data.
 * - What fails rejects, at once or within two seconds, and may be retried.
 *
 * The store does not promise to remember. Callers replay activities and grace periods, and watch again. If `lastSeenAt`
 * is null, the database may know more.
 */
export type PresenceStore = Readonly<{
  /** Records activities, at most one per user. */
  recordActivity(activities: readonly Activity[]): Promise<ActivityResult>
  /** Grants grace periods, at most one per user. Returns the users who were known before and are unknown now. */
  grantGracePeriods(gracePeriods: readonly GracePeriod[]): Promise<readonly WatchedEdge[]>
  lookUp(userIds: readonly UserId[]): Promise<readonly PresenceState[]>
  /** Registers this gateway as a watcher of these users for ten minutes. Returns their states as of that moment. */
  watch(userIds: readonly UserId[]): Promise<readonly PresenceState[]>
  unwatch(userIds: readonly UserId[]): Promise<void>
  /** Every gateway calls this four times a second. */
  sweep(): Promise<SweepResult>
  /** These edges were published. Their users are no longer expired, unless they came back and left again. */
  confirmExpired(edges: readonly PresenceEdge[]): Promise<void>
  /** The database has these activities. Later ones stay unsaved. */
  markSaved(saved: readonly LastSeen[]): Promise<void>
  /** Hands this gateway's sweeps over to the others. Returns the activities that no other gateway will save. */
  close(): Promise<readonly LastSeen[]>
}>

/** How long a user is online after their last activity, in milliseconds. */
export const WINDOW_MS = 20_000
/** How often the last activity of users who stay online is saved, in milliseconds. */
export const SAVE_EVERY_MS = 60_000
