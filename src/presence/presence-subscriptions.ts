import pLimit from 'p-limit'
import type { UserId } from '../ids.ts'
import { createKeyedQueue } from '../lib/keyed-queue.ts'
import type { Logger } from '../telemetry/logger.ts'
import { createAccessCheck } from './access-check.ts'
import { withConfidence, type Confidence } from './confidence.ts'
import type { LastSeenStore } from './last-seen-store.ts'
import { OpenStreams } from './open-streams.ts'
import { later, PresenceStream } from './presence-stream.ts'
import type { PresenceStore } from './store/presence-store.ts'
import type { PresenceState } from '../events/presence-state.ts'
import type { VisibilityStore } from './visibility-store.ts'

/** Whom the streams of this gateway tell of. */
export type PresenceSubscriptions = Readonly<{
  /** Tells the present state of each person at once, then every change. Whether they may be seen is asked each time. */
  open(viewerId: UserId, userIds: readonly UserId[]): PresenceStream
  /** Takes sightings in, of whomever, in whatever order. */
  receiveEdges(sightings: readonly PresenceState[]): void
  /** These people came into a chat or left one: they may see others than before, and others them. */
  reviewAccess(userIds: Iterable<UserId>): void
  /** Looks again at those whom the store was not sure of. */
  retryUncertain(): void
  /** Edges may have been missed: looks at everybody who is watched here. */
  refresh(): void
  /** As `recheck`, where the store has forgotten how old its sightings are, and who watches whom. */
  restart(): void
  /** What is known at present; where that is nothing, everybody is told so. */
  setConfidence(present: Confidence): void
  /** How many people all streams of this viewer here tell of, one by one. */
  watchedCountOf(viewerId: UserId): number
  /** People who are watched. */
  watchedCount(): number
  /** Stops telling. */
  close(): Promise<void>
}>

/** What was begun for one viewer. */
type Followed = Readonly<{
  /** Resolves when it is heard from now on; what changed before that has to be read. */
  attached: Promise<void>
  leave(): void
}>

type Dependencies = Readonly<{
  store: Pick<PresenceStore, 'watch' | 'unwatch'>
  lastSeen: Pick<LastSeenStore, 'read'>
  visibility: VisibilityStore
  /** Has this gateway hear of it when somebody comes into a chat, or leaves one. */
  follow(viewerId: UserId): Followed
  logger: Logger
}>

/** 25,000 people a second at most are looked at, however many are watched. */
const LOOKS = { maxBatch: 500, restMs: 20 }
/** Whoever comes or goes may see five hundred people, and be seen by as many. */
const REVIEWS = { maxBatch: 10, restMs: 20 }
/** Edges go out at once; of what comes while some are told, the newest of each person. */
const NEWS = { maxBatch: 500, restMs: 0 }

/*
 * Three lists of work, all of them by person, and so bounded by who is watched here and who watches:
 *
 * - whom to look at: somebody began to watch them, the last one stopped, or edges may have been missed. What is
 *   registered is what is true when the batch is done, whatever happened in between.
 * - what to tell: from edges and from looks alike. Before it is told, the database is asked who may see it. What waits
 *   while that is away is the newest sighting of each person.
 * - whose sights to review: they came into a chat, or left one. Whoever may not see somebody any more is told that
 *   nothing is known, at that moment and never by an edge, which would tell them of it. Whoever may is looked at.
 */
export function createPresenceSubscriptions(dependencies: Dependencies): PresenceSubscriptions {
  const { store, lastSeen, visibility, follow, logger } = dependencies
  const streams = new OpenStreams()
  const judge = createAccessCheck(visibility)
  /** What is told after a review was judged after it: nobody is told what they might have seen a moment ago. */
  const oneByOne = pLimit(1)
  /** Of whom the store was not sure since the last turn, and in the one before. */
  let unsure = new Set<UserId>()
  let doubted: ReadonlySet<UserId> = new Set()
  let knowledge: Confidence = 'everything'

  const looks = createKeyedQueue<UserId, true>({
    ...LOOKS,
    run: async (batch) => {
      const [watched, unwatched] = [
        [...batch.keys()].filter((userId) => streams.isWatched(userId)),
        [...batch.keys()].filter((userId) => !streams.isWatched(userId)),
      ]
      if (unwatched.length > 0) await store.unwatch(unwatched)
      if (watched.length > 0) await look(watched)
    },
    onFailure: (error) => logger.debug({ err: error }, 'some people could not be looked at yet'),
  })

  const news = createKeyedQueue<UserId, PresenceState>({
    ...NEWS,
    run: (batch) => oneByOne(tell, [...batch.values()]),
    onFailure: (error) => logger.warn({ err: error }, 'it could not be told yet who came and went'),
    newest: (waiting, added) => (added.asOf < waiting.asOf ? waiting : added),
  })

  const reviews = createKeyedQueue<UserId, true>({
    ...REVIEWS,
    run: (batch) => oneByOne(review, [...batch.keys()]),
    onFailure: (error) => logger.warn({ err: error }, 'it is not known yet who may see whom'),
  })

  async function look(userIds: readonly UserId[]): Promise<void> {
    try {
      const sightings = await store.watch(userIds)
      for (const sighting of sightings) note(withConfidence(sighting, knowledge))
    } catch (error) {
      for (const userId of userIds) news.put(userId, unknownOf(userId))
      throw error
    }
  }

  function note(sighting: PresenceState): void {
    if (isNews(sighting)) news.put(sighting.userId, sighting)
    if (sighting.online === null && sighting.isExcused !== true) doubt(sighting.userId)
  }

  /**
   * A store that has forgotten everything is told again within a turn who is online. Of whom it is not sure then the
   * window may be over, and that nobody has noticed; who is offline would be found by now if they were not.
   */
  function doubt(userId: UserId): void {
    unsure.add(userId)
    if (!doubted.has(userId)) return
    for (const stream of streams.streamsOf(userId)) {
      if (stream.showsOnline(userId)) stream.markUnknown(userId)
    }
  }

  function isNews(sighting: PresenceState): boolean {
    return streams.streamsOf(sighting.userId).some((stream) => stream.isChange(sighting))
  }

  async function tell(sightings: readonly PresenceState[]): Promise<void> {
    const concerned = sightings.flatMap((sighting) =>
      streams
        .streamsOf(sighting.userId)
        .filter((stream) => stream.isChange(sighting))
        .map((stream) => ({ stream, sighting, userId: sighting.userId })),
    )
    const unseen = sightings.filter(({ lastSeenAt }) => lastSeenAt === null).map(({ userId }) => userId)
    const [isAllowed, saved] = await Promise.all([judge(concerned), lastSeen.read(unseen)])
    for (const { stream, sighting } of concerned.filter(isAllowed)) {
      const lastSeenAt = later(sighting.lastSeenAt, saved.get(sighting.userId) ?? null)
      stream.push({ ...withConfidence(sighting, knowledge), lastSeenAt })
    }
  }

  async function review(changed: readonly UserId[]): Promise<void> {
    const sights = streams.grantsOf(changed)
    const isAllowed = await judge(sights)
    for (const sight of sights) {
      if (isAllowed(sight)) looks.put(sight.userId, true)
      else sight.stream.markUnknown(sight.userId)
    }
  }

  function lookAt(userIds: Iterable<UserId>): void {
    for (const userId of userIds) looks.put(userId, true)
  }

  function recheck(): void {
    lookAt(streams.userIds())
  }

  function lookAgain(): void {
    doubted = unsure
    unsure = new Set()
    lookAt([...doubted].filter((userId) => streams.isWatched(userId)))
  }

  return {
    open(viewerId, userIds) {
      const { attached, leave } = follow(viewerId)
      const release = (ended: PresenceStream): void => {
        leave()
        lookAt(streams.remove(ended))
      }
      const stream = new PresenceStream({ viewerId, userIds: [...new Set(userIds)], release })
      streams.add(stream)
      // What changes before that is not heard of, and so has to be seen by the first look.
      void attached.then(() => lookAt(stream.userIds))
      return stream
    },
    receiveEdges(sightings) {
      for (const sighting of sightings) if (isNews(sighting)) news.put(sighting.userId, sighting)
    },
    reviewAccess(userIds) {
      for (const userId of userIds) if (streams.isInvolved(userId)) reviews.put(userId, true)
    },
    retryUncertain: lookAgain,
    refresh: recheck,
    restart() {
      for (const stream of streams.all()) stream.resetOrder()
      recheck()
    },
    setConfidence(present) {
      if (present === knowledge) return
      knowledge = present
      if (knowledge !== 'nothing') return recheck()
      for (const stream of streams.all()) for (const userId of stream.userIds) stream.markUnknown(userId)
    },
    watchedCountOf: (viewerId) => streams.watchedCountOf(viewerId),
    watchedCount: () => streams.size,
    async close() {
      await Promise.all([looks.close(), news.close(), reviews.close()])
    },
  }
}

function unknownOf(userId: UserId): PresenceState {
  return { userId, online: null, lastSeenAt: null, asOf: -Infinity }
}
