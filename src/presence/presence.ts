import { badInput, notFound, ParleyError, unavailable } from '../errors.ts'
import type { UserId } from '../ids.ts'
import { BatcherFullError, createBatcher } from '../lib/batcher.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { GracePeriods } from './grace-periods.ts'
import { withConfidence, type Confidence } from './confidence.ts'
import type { LastSeenStore } from './last-seen-store.ts'
import { later, type PresenceStream } from './presence-stream.ts'
import type { PresenceStore } from './store/presence-store.ts'
import type { Presence, PresenceState } from '../events/presence-state.ts'
import type { ActivityWriter } from './activity-writer.ts'
import type { VisibilityStore } from './visibility-store.ts'
import type { PresenceSubscriptions } from './presence-subscriptions.ts'

/** Who is online, and when people were last seen. */
export type PresenceService = Readonly<{
  /** The person was active just now. Resolves when that is known, or can't be known; never rejects. */
  recordActivity(userId: UserId): Promise<void>
  /** The person was told to come back in so many milliseconds: until then their silence proves nothing. */
  grantGracePeriod(userId: UserId, forMs: number): void
  /** One's own. */
  findOwn(userId: UserId): Promise<Presence>
  /** In the order of `userIds`; null where the viewer may not see it, and that takes as long. */
  find(viewerId: UserId, userIds: readonly UserId[]): Promise<(Presence | null)[]>
  /**
   * The state of each person at once, then changes, as long as the viewer may see them. BAD_USER_INPUT for more than
   * `MAX_WATCHED`, NOT_FOUND where one may not be seen, RATE_LIMITED beyond `MAX_WATCHED_BY_ONE` in all.
   */
  subscribe(viewerId: UserId, userIds: readonly UserId[]): Promise<PresenceStream>
}>

/** The most people of one subscription. */
export const MAX_WATCHED = 500
/** Of all subscriptions of one viewer here together: ten full screens on several devices. */
export const MAX_WATCHED_PER_VIEWER = 5_000
/** By then a screen that was left has usually ended its subscription, in milliseconds. */
const FULL_RETRY_AFTER_MS = 1_000

type Dependencies = Readonly<{
  store: Pick<PresenceStore, 'lookUp'>
  lastSeen: Pick<LastSeenStore, 'read'>
  visibility: VisibilityStore
  activity: Pick<ActivityWriter, 'record'>
  gracePeriods: Pick<GracePeriods, 'grant'>
  subscriptions: Pick<PresenceSubscriptions, 'open' | 'watchedCountOf'>
  /** Whether the store answers at present. */
  isStoreReachable(): boolean
  /** What is known at present. */
  confidence(): Confidence
  logger: Logger
}>

const LOOK_UPS = { maxBatch: 500, maxWaiting: 50_000 }
/** What heartbeats ask of the database, which is nothing while the store is there: 50 statements a second at most. */
const OWN_READS = { maxBatch: 500, maxWaiting: 50_000, restMs: 20 }

export function createPresence(dependencies: Dependencies): PresenceService {
  const {
    store,
    lastSeen,
    visibility,
    activity,
    gracePeriods,
    subscriptions,
    isStoreReachable,
    confidence,
    logger,
  } = dependencies
  const lookUps = createBatcher<UserId, PresenceState | undefined>({
    ...LOOK_UPS,
    async run(userIds) {
      const found = new Map((await store.lookUp(userIds)).map((sighting) => [sighting.userId, sighting]))
      return userIds.map((userId) => found.get(userId))
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
   * When somebody was last seen, also while it is not known who is online: the database may not have that yet.
   * Undefined where the store has nothing, or can't be asked.
   */
  async function lookUp(userId: UserId): Promise<PresenceState | undefined> {
    try {
      const sighting = isStoreReachable() ? await lookUps.submit(userId) : undefined
      return sighting && withConfidence(sighting, confidence())
    } catch (error) {
      logger.debug({ err: error }, 'who is online can not be asked')
      return undefined
    }
  }

  async function own(userId: UserId): Promise<Presence> {
    const sighting = await lookUp(userId)
    if (sighting?.online === true) return toPresence(userId, sighting, null)
    return toPresence(userId, sighting, await readOwn(userId))
  }

  async function readOwn(userId: UserId): Promise<Date | null> {
    try {
      return await ownReads.submit(userId)
    } catch (error) {
      throw error instanceof BatcherFullError ? unavailable('Too much is asked. Try again.', error) : error
    }
  }

  async function find(viewerId: UserId, userIds: readonly UserId[]): Promise<(Presence | null)[]> {
    const [allowed, saved, sightings] = await Promise.all([
      visibility.allowed(userIds.map((userId) => ({ viewerId, userId }))),
      lastSeen.read(userIds),
      Promise.all(userIds.map(lookUp)),
    ])
    const visible = new Set(allowed.map(({ userId }) => userId))
    const all = userIds.map((userId, at) => toPresence(userId, sightings[at], saved.get(userId) ?? null))
    return all.map((presence) => (visible.has(presence.userId) ? presence : null))
  }

  async function open(viewerId: UserId, userIds: readonly UserId[]): Promise<PresenceStream> {
    if (userIds.length > MAX_WATCHED) throw badInput(`userIds can name ${MAX_WATCHED} people at most`)
    const different = [...new Set(userIds)]
    const allowed = await visibility.allowed(different.map((userId) => ({ viewerId, userId })))
    if (allowed.length < different.length) throw notFound('User')
    if (subscriptions.watchedCountOf(viewerId) + different.length > MAX_WATCHED_PER_VIEWER)
      throw tooManyWatched()
    return subscriptions.open(viewerId, different)
  }

  return {
    recordActivity: activity.record,
    grantGracePeriod: gracePeriods.grant,
    findOwn: own,
    find,
    subscribe: open,
  }
}

function tooManyWatched(): ParleyError {
  return new ParleyError(
    'RATE_LIMITED',
    `You follow ${MAX_WATCHED_PER_VIEWER} people's presence by now, over all subscriptions. Complete one first.`,
    { retryAfterMs: FULL_RETRY_AFTER_MS },
  )
}

function toPresence(userId: UserId, sighting: PresenceState | undefined, saved: Date | null): Presence {
  return { userId, online: sighting?.online ?? null, lastSeenAt: later(sighting?.lastSeenAt ?? null, saved) }
}
