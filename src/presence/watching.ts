import type { UserId } from '../ids.ts'
import { createWorklist } from '../lib/worklist.ts'
import type { Logger } from '../telemetry/logger.ts'
import { asFarAsKnown, type Knowledge } from './knowledge.ts'
import type { LastSeenStore } from './last-seen-store.ts'
import { later, PresenceStream } from './presence-stream.ts'
import type { PresenceStore } from './presence-store.ts'
import type { Sighting } from './sighting.ts'
import type { VisibilityStore } from './visibility-store.ts'

/** Whom the streams of this gateway tell of. */
export type Watching = Readonly<{
  /** Tells the present state of each person at once, then every change. Whether they may be seen is asked each time. */
  open(viewerId: UserId, userIds: readonly UserId[]): PresenceStream
  /** Takes sightings in, of whomever, in whatever order. */
  offer(sightings: readonly Sighting[]): void
  /** Looks again at those whom the store was not sure of. */
  lookAgain(): void
  /** Edges may have been missed: looks at everybody who is watched here. */
  recheck(): void
  /** As `recheck`, where the store has forgotten how old its sightings are, and who watches whom. */
  startOver(): void
  /** What is known at present; where that is nothing, everybody is told so. */
  setKnowledge(present: Knowledge): void
  /** People who are watched. */
  size(): number
  /** Stops telling. */
  close(): Promise<void>
}>

type Dependencies = Readonly<{
  store: Pick<PresenceStore, 'watch' | 'unwatch'>
  lastSeen: Pick<LastSeenStore, 'read'>
  visibility: VisibilityStore
  logger: Logger
}>

/** 25,000 people a second at most are looked at, however many are watched. */
const LOOKS = { maxBatch: 500, restMs: 20 }
/** Edges go out at once; of what comes while some are told, the newest of each person. */
const NEWS = { maxBatch: 500, restMs: 0 }

/*
 * Two lists of work, both by person, and so both bounded by who is watched here:
 *
 * - whom to look at: somebody began to watch them, the last one stopped, or edges may have been missed. What is
 *   registered is what is true when the batch is done, whatever happened in between.
 * - what to tell: from edges and from looks alike. Before it is told, the database is asked who may see it. What waits
 *   while that is away is the newest sighting of each person.
 */
export function createWatching({ store, lastSeen, visibility, logger }: Dependencies): Watching {
  const streams = new Map<UserId, Set<PresenceStream>>()
  /** Of whom the store was not sure since the last turn, and in the one before. */
  let unsure = new Set<UserId>()
  let doubted: ReadonlySet<UserId> = new Set()
  let knowledge: Knowledge = 'everything'

  const looks = createWorklist<UserId, true>({
    ...LOOKS,
    run: async (batch) => {
      const [watched, unwatched] = [
        [...batch.keys()].filter(isWatched),
        [...batch.keys()].filter(isUnwatched),
      ]
      if (unwatched.length > 0) await store.unwatch(unwatched)
      if (watched.length > 0) await look(watched)
    },
    onFailure: (error) => logger.debug({ err: error }, 'some people could not be looked at yet'),
  })

  const news = createWorklist<UserId, Sighting>({
    ...NEWS,
    run: (batch) => tell([...batch.values()]),
    onFailure: (error) => logger.warn({ err: error }, 'it could not be told yet who came and went'),
    newest: (waiting, added) => (added.asOf < waiting.asOf ? waiting : added),
  })

  function isWatched(userId: UserId): boolean {
    return streams.has(userId)
  }

  function isUnwatched(userId: UserId): boolean {
    return !streams.has(userId)
  }

  async function look(userIds: readonly UserId[]): Promise<void> {
    try {
      const sightings = await store.watch(userIds)
      for (const sighting of sightings) note(asFarAsKnown(sighting, knowledge))
    } catch (error) {
      for (const userId of userIds) news.put(userId, unknownOf(userId))
      throw error
    }
  }

  function note(sighting: Sighting): void {
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
    for (const stream of streams.get(userId) ?? []) {
      if (stream.takesForOnline(userId)) stream.pushUnknown(userId)
    }
  }

  function isNews(sighting: Sighting): boolean {
    return [...(streams.get(sighting.userId) ?? [])].some((stream) => stream.isNews(sighting))
  }

  async function tell(sightings: readonly Sighting[]): Promise<void> {
    const concerned = sightings.flatMap((sighting) =>
      [...(streams.get(sighting.userId) ?? [])]
        .filter((stream) => stream.isNews(sighting))
        .map((stream) => ({ stream, sighting })),
    )
    const sights = concerned.map(({ stream, sighting }) => ({
      viewerId: stream.viewerId,
      userId: sighting.userId,
    }))
    const unseen = sightings.filter(({ lastSeenAt }) => lastSeenAt === null).map(({ userId }) => userId)
    const [allowed, saved] = await Promise.all([visibility.allowed(sights), lastSeen.read(unseen)])
    const mayBeTold = new Set(allowed.map(({ viewerId, userId }) => JSON.stringify([viewerId, userId])))
    for (const { stream, sighting } of concerned) {
      if (!mayBeTold.has(JSON.stringify([stream.viewerId, sighting.userId]))) continue
      const lastSeenAt = later(sighting.lastSeenAt, saved.get(sighting.userId) ?? null)
      stream.push({ ...asFarAsKnown(sighting, knowledge), lastSeenAt })
    }
  }

  function release(stream: PresenceStream): void {
    for (const userId of stream.userIds) {
      const others = streams.get(userId)
      others?.delete(stream)
      if (others?.size !== 0) continue
      streams.delete(userId)
      looks.put(userId, true)
    }
  }

  function recheck(): void {
    for (const userId of streams.keys()) looks.put(userId, true)
  }

  function lookAgain(): void {
    doubted = unsure
    unsure = new Set()
    for (const userId of doubted) if (isWatched(userId)) looks.put(userId, true)
  }

  function everyStream(): Set<PresenceStream> {
    return new Set([...streams.values()].flatMap((some) => [...some]))
  }

  return {
    open(viewerId, userIds) {
      const stream = new PresenceStream({ viewerId, userIds: [...new Set(userIds)], release })
      for (const userId of stream.userIds) {
        streams.set(userId, (streams.get(userId) ?? new Set()).add(stream))
        looks.put(userId, true)
      }
      return stream
    },
    offer(sightings) {
      for (const sighting of sightings) if (isNews(sighting)) news.put(sighting.userId, sighting)
    },
    lookAgain,
    recheck,
    startOver() {
      for (const stream of everyStream()) stream.forgetOrder()
      recheck()
    },
    setKnowledge(present) {
      if (present === knowledge) return
      knowledge = present
      if (knowledge !== 'nothing') return recheck()
      for (const [userId, some] of streams) for (const stream of some) stream.pushUnknown(userId)
    },
    size: () => streams.size,
    async close() {
      await Promise.all([looks.close(), news.close()])
    },
  }
}

function unknownOf(userId: UserId): Sighting {
  return { userId, online: null, lastSeenAt: null, asOf: -Infinity }
}
