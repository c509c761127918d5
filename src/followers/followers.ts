import { randomUUID } from 'node:crypto'
import type { ChatLog } from '../chats/chat-log.ts'
import { createBackgroundLoop } from '../lib/background-loop.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Claim, FollowerId, FollowerStore } from './follower-store.ts'
import type { Follower } from './follower.ts'
import { type Lease, processClaim } from './process-claim.ts'

export type Followers = Readonly<{
  start(): void
  /** Looks for events now. Called when this gateway has stored some. */
  wake(): void
  /** Resolves when the events in progress are handled. */
  stop(): Promise<void>
}>

type Dependencies = Readonly<{
  store: FollowerStore
  chatLog: Pick<ChatLog, 'read' | 'floor'>
  /** Returns the followers that are not paused. */
  followers(): Promise<readonly Follower[]>
  /** Called before the first round. */
  onStart(): Promise<void>
  logger: Logger
  /** How often to look for events that other gateways have stored, in milliseconds. Default: a second. */
  intervalMs?: number
  /** How long a claim lasts without progress, in seconds. Must exceed the longest attempt at one event. Default: 30. */
  leaseS?: number
}>

const INTERVAL_MS = 1_000
/** A round of a woken loop takes at least this long, so that many events share a claim. */
const MIN_REST_MS = 20
const LEASE_S = 30
/** The wait after an error of this gateway or the database, in milliseconds. */
const AFTER_ERROR_MS = 2_000

/*
 * Laws of a follower:
 *
 * - At least once: each event that is committed while the follower exists is handled, or reported as a gap. If a worker
 *   dies between handling an event and storing its position, the event is handled again.
 * - Ordered: of one chat, an event is handled only after all events before it.
 * - Independent: a chat whose event fails or is slow waits by itself, and so does a follower.
 *
 * The life of one chat that is due:
 *
 *   1. claim    lease it; another gateway cannot claim it before the lease ends. A follower claims no more chats than
 *               it processes at once, so none waits for its turn while its lease runs out
 *   2. read     the log after the stored position; events that retention deleted become one LogGap
 *   3. handle   one event after the other; after each, the position is stored and the lease prolonged. If that reports
 *               that the lease is lost, another gateway has the chat: stop at once
 *   4. finish   delete the mark unless the chat has newer events, or postpone it after a failure
 *
 * The append keeps a mark locked until it commits. Step 4 waits for that lock, and then sees the new event in the mark.
 * So no commit can fall between the last read and the deletion of the mark.
 */
export function createFollowers({
  store,
  chatLog,
  followers,
  onStart,
  logger,
  intervalMs = INTERVAL_MS,
  leaseS = LEASE_S,
}: Dependencies): Followers {
  const stopping = new AbortController()
  const loop = createBackgroundLoop({
    component: 'log followers',
    run: () => runRound(),
    intervalMs,
    minRestMs: MIN_REST_MS,
    logger,
  })

  let isPrepared = false
  /** Empty before the first round. A gateway without followers does nothing between two rounds. */
  let known: Readonly<{ active: readonly Follower[]; readAt: number }> = { active: [], readAt: -Infinity }

  /** The chats in progress, by follower. */
  const running = new Map<FollowerId, Set<Promise<void>>>()

  async function activeFollowers(): Promise<readonly Follower[]> {
    if (performance.now() - known.readAt >= intervalMs) {
      known = { active: await followers(), readAt: performance.now() }
    }
    return known.active
  }

  /** Starts the processing of what is due. Ends before it, so that no follower waits for another one. */
  async function runRound(): Promise<void> {
    if (!isPrepared) await onStart()
    isPrepared = true
    await Promise.all((await activeFollowers()).map(claimFor))
  }

  async function claimFor(follower: Follower): Promise<void> {
    const { id, maxConcurrent } = follower
    const own = running.get(id) ?? new Set()
    const limit = maxConcurrent - own.size
    if (limit <= 0) return
    running.set(id, own)
    // If a claim of this gateway ends early and is claimed again, the first one must notice that it is lost.
    const lease = { id: randomUUID(), forS: leaseS }
    for (const claim of await store.claim(id, { ...lease, limit })) {
      const work = processed(claim, follower, lease).then(() => {
        own.delete(work)
        loop.wake()
      })
      own.add(work)
    }
  }

  /** Never rejects. A failure of the database concerns this chat alone: it is given back, or its lease ends. */
  async function processed(claim: Claim, follower: Follower, lease: Lease): Promise<void> {
    const { chatId, followerId, userId, attempts } = claim
    try {
      const ended = await processClaim(claim, follower, { store, chatLog, lease, stopping: stopping.signal })
      if (ended === 'paused') known = { ...known, readAt: -Infinity }
    } catch (error) {
      logger.warn({ err: error, chatId, followerId, userId }, 'following a chat failed; it is retried soon')
      await store.release(claim, { afterMs: AFTER_ERROR_MS, attempts }, lease.id).catch(() => undefined)
    }
  }

  return {
    start: loop.start,
    wake() {
      if (known.active.length > 0) loop.wake()
    },
    async stop() {
      stopping.abort()
      await loop.stop()
      await Promise.all([...running.values()].flatMap((works) => [...works]))
    },
  }
}
