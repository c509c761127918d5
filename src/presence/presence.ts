import { badInput, notFound, ParleyError, unavailable } from '../errors.ts'
import type { Presence, PresenceState } from '../events/presence-state.ts'
import type { UserId } from '../ids.ts'
import { BatcherFullError, createBatcher } from '../lib/batcher.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { ActivityWriter } from './activity-writer.ts'
import type { GracePeriods } from './grace-periods.ts'
import type { LastSeenStore } from './last-seen-store.ts'
import type { PresenceMonitor } from './presence-monitor.ts'
import type { PresenceStream } from './presence-stream.ts'
import type { PresenceSubscriptions } from './presence-subscriptions.ts'
import { later, withConfidence } from './presence-view.ts'
import type { PresenceStore } from './store/presence-store.ts'
import type { VisibilityStore } from './visibility-store.ts'

/** Which users are online, and when they were last seen. */
export type PresenceService = Readonly<{
  /** The user was active just now. Resolves when that is recorded or the write has failed; never rejects. */
  recordActivity(userId: UserId): Promise<void>
  /** The user was active just now. If they stay online anyway, that is recorded within a second. */
  noteActivity(userId: UserId): void
  /** The user was asked to retry in `forMs` milliseconds. Until then their silence does not make them offline. */
  grantGracePeriod(userId: UserId, forMs: number): void
  /** The user's own presence. Rejects with UNAVAILABLE if too many requests wait for the database. */
  findOwn(userId: UserId): Promise<Presence>
  /** In the order of `userIds`. Null if the viewer may not see the user, which takes the same time and work. */
  find(viewerId: UserId, userIds: readonly UserId[]): Promise<(Presence | null)[]>
  /** Returns the users who share a chat with the viewer, and the viewer. */
  acquaintances(viewerId: UserId, userIds: readonly UserId[]): Promise<ReadonlySet<UserId>>
  /**
   * Shows the state of each user, then changes, while the viewer may see them. Rejects with:
   *
   * - BAD_USER_INPUT – no user, or more than `MAX_WATCHED`
   * - NOT_FOUND – the viewer may not see one of the users
   * - RATE_LIMITED – the viewer watches more than `MAX_WATCHED_PER_VIEWER` users with all subscriptions
   */
  subscribe(viewerId: UserId, userIds: readonly UserId[]): Promise<PresenceStream>
}>

/** The most users of one subscription. */
export const MAX_WATCHED = 500
/** The most users of all subscriptions of one viewer on this gateway: ten full screens on several devices. */
export const MAX_WATCHED_PER_VIEWER = 5_000
/** When a client leaves a screen it ends the subscription, usually within this time in milliseconds. */
const FULL_RETRY_AFTER_MS = 1_000

type Dependencies = Readonly<{
  store: Pick<PresenceStore, 'lookUp'>
  lastSeen: Pick<LastSeenStore, 'read'>
  visibility: VisibilityStore
  activity: Pick<ActivityWriter, 'record' | 'note'>
  gracePeriods: Pick<GracePeriods, 'grant'>
  subscriptions: Pick<PresenceSubscriptions, 'open' | 'watchedCountOf'>
  monitor: Pick<PresenceMonitor, 'confidence' | 'isStoreReachable'>
  logger: Logger
}>

const LOOK_UPS = { maxBatch: 500, maxWaiting: 50_000 }
/** Heartbeats read the database only while the store is unreachable, with at most 50 statements a second. */
const OWN_READS = { maxBatch: 500, maxWaiting: 50_000, restMs: 20 }

export function createPresence(dependencies: Dependencies): PresenceService {
  const { store, lastSeen, visibility, activity, gracePeriods, subscriptions, monitor, logger } = dependencies
  const lookUps = createBatcher<UserId, PresenceState | undefined>({
    ...LOOK_UPS,
    async run(userIds) {
      const states = new Map((await store.lookUp(userIds)).map((state) => [state.userId, state]))
      return userIds.map((userId) => states.get(userId))
    },
  })

  const ownReads = createBatcher<UserId, Date | null>({
    ...OWN_READS,
    async run(userIds) {
      const saved = await lastSeen.read([...new Set(userIds)])
      return userIds.map((userId) => saved.get(userId) ?? null)
    },
  })

  /**
   * Returns `lastSeenAt` even while it is unknown who is online, because the database may not have it yet. Undefined if
   * the store has no state, or is unreachable.
   */
  async function lookUp(userId: UserId): Promise<PresenceState | undefined> {
    try {
      const state = monitor.isStoreReachable() ? await lookUps.submit(userId) : undefined
      return state && withConfidence(state, monitor.confidence())
    } catch (error) {
      logger.debug({ err: error }, 'presence lookup failed; the user is unknown')
      return undefined
    }
  }

  async function findOwn(userId: UserId): Promise<Presence> {
    const state = await lookUp(userId)
    return toPresence(userId, state, state?.online === true ? null : await readOwn(userId))
  }

  async function readOwn(userId: UserId): Promise<Date | null> {
    try {
      return await ownReads.submit(userId)
    } catch (error) {
      if (!(error instanceof BatcherFullError)) throw error
      throw unavailable('Too many requests are waiting. Try again.', error)
    }
  }

  async function find(viewerId: UserId, userIds: readonly UserId[]): Promise<(Presence | null)[]> {
    const [visible, saved, states] = await Promise.all([
      acquaintances(viewerId, userIds),
      lastSeen.read(userIds),
      Promise.all(userIds.map(lookUp)),
    ])
    return userIds
      .map((userId, index) => toPresence(userId, states[index], saved.get(userId) ?? null))
      .map((presence) => (visible.has(presence.userId) ? presence : null))
  }

  async function acquaintances(viewerId: UserId, userIds: readonly UserId[]): Promise<ReadonlySet<UserId>> {
    const allowed = await visibility.allowed(userIds.map((userId) => ({ viewerId, userId })))
    return new Set(allowed.map(({ userId }) => userId))
  }

  async function subscribe(viewerId: UserId, userIds: readonly UserId[]): Promise<PresenceStream> {
    if (userIds.length > MAX_WATCHED)
      throw badInput(`userIds can name at most ${MAX_WATCHED} users. Use several subscriptions.`)
    if (userIds.length === 0) throw badInput('userIds is empty. Name at least one user.')
    const distinct = [...new Set(userIds)]
    const allowed = await visibility.allowed(distinct.map((userId) => ({ viewerId, userId })))
    if (allowed.length < distinct.length) throw notFound('User')
    const watchedCount = subscriptions.watchedCountOf(viewerId) + distinct.length
    if (watchedCount > MAX_WATCHED_PER_VIEWER) throw tooManyWatched()
    return subscriptions.open(viewerId, distinct)
  }

  return {
    recordActivity: activity.record,
    noteActivity: activity.note,
    grantGracePeriod: gracePeriods.grant,
    findOwn,
    find,
    acquaintances,
    subscribe,
  }
}

function tooManyWatched(): ParleyError {
  return new ParleyError(
    'RATE_LIMITED',
    `You can watch the presence of ${MAX_WATCHED_PER_VIEWER} users with all subscriptions. Complete one first.`,
    { retryAfterMs: FULL_RETRY_AFTER_MS },
  )
}

function toPresence(userId: UserId, state: PresenceState | undefined, saved: Date | null): Presence {
  return { userId, online: state?.online ?? null, lastSeenAt: later(state?.lastSeenAt ?? null, saved) }
}
