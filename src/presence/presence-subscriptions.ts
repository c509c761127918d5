import pLimit from 'p-limit'
import type { UserId } from '../ids.ts'
import type { PresenceState } from '../events/presence-state.ts'
import { createKeyedQueue } from '../lib/keyed-queue.ts'
import type { Logger } from '../telemetry/logger.ts'
import { createAccessCheck } from './access-check.ts'
import type { LastSeenStore } from './last-seen-store.ts'
import { OpenStreams } from './open-streams.ts'
import { PresenceStream } from './presence-stream.ts'
import { type Confidence, later } from './presence-view.ts'
import type { PresenceStore } from './store/presence-store.ts'
import type { VisibilityStore } from './visibility-store.ts'
import { candidates, INITIAL, transition, type WatchEffect, type WatchInput } from './watching.ts'

/** The presence subscriptions of this gateway. */
export type PresenceSubscriptions = Readonly<{
  /** Shows the present state of each user, then every change. Access is checked each time. */
  open(viewerId: UserId, userIds: readonly UserId[]): PresenceStream
  /** Takes edges of any users, in any order. */
  receiveEdges(states: readonly PresenceState[]): void
  /** These users joined or left a chat: they may see other users than before, and be seen by others. */
  reviewAccess(userIds: Iterable<UserId>): void
  /** Reads users again if the store was unsure about them. */
  retryUnsure(): void
  /** Edges may have been missed: reads all watched users again. */
  refresh(): void
  /** Edges and membership changes of these users may have been missed: as `refresh`, then `reviewAccess`. */
  recover(userIds: Iterable<UserId>): void
  /** The store lost its data: registers and reads all watched users again, and takes their states as newer. */
  restart(): void
  /** Sets what this gateway knows at present. If it knows nothing, every user is shown as unknown. */
  setConfidence(confidence: Confidence): void
  /** How many users the streams of this viewer watch. A user who is watched by two streams counts twice. */
  watchedCountOf(viewerId: UserId): number
  /** The number of watched users. */
  watchedCount(): number
  /** Stops all work. Open streams get nothing more. */
  close(): Promise<void>
}>

type Dependencies = Readonly<{
  store: Pick<PresenceStore, 'watch' | 'unwatch'>
  lastSeen: Pick<LastSeenStore, 'read'>
  visibility: VisibilityStore
  /** Follows which chats the viewer joins and leaves. Changes before `registered` resolves are not reported. */
  trackUser(viewerId: UserId): Readonly<{ registered: Promise<void>; dispose(): void }>
  logger: Logger
}>

/** Reads at most 25,000 users a second, however many are watched. */
const READS = { maxBatch: 500, restMs: 20 }
/** One user who joins or leaves may see five hundred users, and be seen by as many. */
const REVIEWS = { maxBatch: 10, restMs: 20 }
/** Edges are shown at once. While some are checked, only the newest of each user waits. */
const CHECKS = { maxBatch: 500, restMs: 0 }

/*
 * Performs the effects of watching.ts. Each kind of slow work has a queue by user, and so is bounded by the number of
 * users who are watched here or watch. If the store or the database is away, work waits there and is retried.
 */
export function createPresenceSubscriptions(dependencies: Dependencies): PresenceSubscriptions {
  const { store, lastSeen, visibility, trackUser, logger } = dependencies
  const streams = new OpenStreams()
  const checkAccess = createAccessCheck(visibility)
  /** A state is checked after the review that came before it, so no viewer is shown a user after losing access. */
  const oneAtATime = pLimit(1)
  let state = INITIAL

  const reads = createKeyedQueue<UserId, true>({
    ...READS,
    async run(batch) {
      const { watched = [], unwatched = [] } = Object.groupBy(batch.keys(), (userId) =>
        streams.isWatched(userId) ? 'watched' : 'unwatched',
      )
      if (unwatched.length > 0) await store.unwatch(unwatched)
      if (watched.length > 0) await read(watched)
    },
    onFailure: (error) => logger.debug({ err: error }, 'reading presence from the store failed; retrying'),
  })

  const checks = createKeyedQueue<UserId, PresenceState>({
    ...CHECKS,
    run: (batch) => oneAtATime(show, [...batch.values()]),
    onFailure: (error) => logger.warn({ err: error }, 'checking access to presence changes failed; retrying'),
    newest: (waiting, added) => (added.asOf < waiting.asOf ? waiting : added),
  })

  const reviews = createKeyedQueue<UserId, true>({
    ...REVIEWS,
    run: (batch) => oneAtATime(review, [...batch.keys()]),
    onFailure: (error) => logger.warn({ err: error }, 'reviewing access to presence failed; retrying'),
  })

  function apply(input: WatchInput): void {
    const outcome = transition(state, input, streams)
    state = outcome.state
    for (const effect of outcome.effects) perform(effect)
  }

  function perform(effect: WatchEffect): void {
    switch (effect.type) {
      case 'read':
        for (const userId of effect.userIds) reads.put(userId, true)
        break
      case 'check-access':
        for (const changed of effect.states) checks.put(changed.userId, changed)
        break
      case 'review-access':
        for (const userId of effect.userIds) reviews.put(userId, true)
        break
      case 'show':
        for (const candidate of effect.candidates) candidate.stream.show(candidate.state)
        break
      case 'conceal':
        for (const { stream, userId } of effect.grants) stream.conceal(userId)
        break
      case 'reset-order':
        for (const stream of streams.all()) stream.resetOrder()
        break
      default:
        effect satisfies never
    }
  }

  async function read(userIds: readonly UserId[]): Promise<void> {
    try {
      apply({ type: 'states-read', states: await store.watch(userIds) })
    } catch (error) {
      apply({ type: 'read-failed', userIds })
      throw error
    }
  }

  async function show(states: readonly PresenceState[]): Promise<void> {
    const changes = candidates(states, streams)
    const unseen = states.filter(({ lastSeenAt }) => lastSeenAt === null).map(({ userId }) => userId)
    const [isAllowed, saved] = await Promise.all([checkAccess(changes), lastSeen.read(unseen)])
    const allowed = changes.filter(isAllowed).map((change) => {
      const lastSeenAt = later(change.state.lastSeenAt, saved.get(change.userId) ?? null)
      return { ...change, state: { ...change.state, lastSeenAt } }
    })
    apply({ type: 'access-checked', allowed })
  }

  async function review(userIds: readonly UserId[]): Promise<void> {
    const grants = streams.grantsOf(userIds)
    const isAllowed = await checkAccess(grants)
    const { allowed = [], denied = [] } = Object.groupBy(grants, (grant) =>
      isAllowed(grant) ? 'allowed' : 'denied',
    )
    apply({ type: 'access-reviewed', allowed, denied })
  }

  function open(viewerId: UserId, userIds: readonly UserId[]): PresenceStream {
    const tracking = trackUser(viewerId)
    const stream = new PresenceStream({
      viewerId,
      userIds: [...new Set(userIds)],
      onClose(closed) {
        tracking.dispose()
        apply({ type: 'stream-closed', unwatched: streams.remove(closed) })
      },
    })
    streams.add(stream)
    // Membership changes before that are not reported, so the first read must come after it.
    void tracking.registered.then(() => apply({ type: 'stream-ready', userIds: stream.userIds }))
    return stream
  }

  const refresh = (): void => apply({ type: 'edges-missed' })

  function reviewAccess(userIds: Iterable<UserId>): void {
    apply({ type: 'memberships-changed', userIds: [...userIds] })
  }

  return {
    open,
    receiveEdges: (states) => apply({ type: 'edges', states }),
    reviewAccess,
    retryUnsure: () => apply({ type: 'retry-due' }),
    refresh,
    recover(userIds) {
      refresh()
      reviewAccess(userIds)
    },
    restart: () => apply({ type: 'store-restarted' }),
    setConfidence: (confidence) => apply({ type: 'confidence-changed', confidence }),
    watchedCountOf: (viewerId) => streams.watchedCountOf(viewerId),
    watchedCount: () => streams.size,
    async close() {
      await Promise.all([reads.close(), checks.close(), reviews.close()])
    },
  }
}
