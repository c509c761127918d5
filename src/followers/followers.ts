import { randomUUID } from 'node:crypto'
import pLimit from 'p-limit'
import type { ChatLog } from '../chats/chat-log.ts'
import type { ChatEvent } from '../events/chat-event.ts'
import { MAX_SEQ, type Seq } from '../ids.ts'
import { createBackgroundLoop } from '../lib/background-loop.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Claim, FollowedChat, FollowerId, FollowerStore } from './follower-store.ts'

/** Events between two seqs that retention deleted before the follower has processed them. */
export type LogGap = Readonly<{ type: 'gap'; afterSeq: Seq; untilSeq: Seq }>

/** The outcome of one event. `retry`: the same event again, not before `afterMs`. `stopped`: the follower is paused. */
export type Handled = Readonly<
  { type: 'done' } | { type: 'retry'; afterMs: number; reason: string } | { type: 'stopped' }
>

/** Processes the events of any chat, those of one chat one after the other, in order of seq. */
export type Follower = Readonly<{
  id: FollowerId
  /** How many chats may be processed at once. */
  maxConcurrent: number
  /** Returns whether to handle the event; the others are skipped. */
  wants(item: ChatEvent | LogGap): boolean
  /** Handles one event. `attempts`: how often it has failed before, in a row. */
  handle(chat: FollowedChat, item: ChatEvent | LogGap, attempts: number): Promise<Handled>
}>

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
}>

const INTERVAL_MS = 1_000
/** A round of a woken loop takes at least this long, so that many events share a claim. */
const MIN_REST_MS = 20
/** Must exceed the longest attempt at one event. */
const LEASE_S = 30
const PAGE = 100

/*
 * Laws of a follower:
 *
 * - At least once: each event that is committed while the follower exists is handled, or reported as a gap. If a worker
 *   dies between handling an event and storing its position, the event is handled again.
 * - Ordered: of one chat, an event is handled only after all events before it.
 * - Independent: a chat whose event fails waits by itself.
 *
 * One round:
 *
 *   1. claim    lease chats that are due; another gateway cannot claim them before the lease ends
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
}: Dependencies): Followers {
  const lease = { id: randomUUID(), forS: LEASE_S }
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

  async function activeFollowers(): Promise<readonly Follower[]> {
    if (performance.now() - known.readAt >= intervalMs) {
      known = { active: await followers(), readAt: performance.now() }
    }
    return known.active
  }

  async function runRound(): Promise<number | void> {
    if (!isPrepared) await onStart()
    isPrepared = true
    const active = await activeFollowers()
    if (active.length === 0) return undefined
    const counts = await Promise.all(active.map(work))
    // Chats that were claimed have often been joined by others meanwhile.
    return counts.some((count) => count > 0) ? 0 : undefined
  }

  /** Returns how many chats were processed. */
  async function work(follower: Follower): Promise<number> {
    const { id, maxConcurrent } = follower
    const claims = await store.claim(id, { ...lease, limit: 4 * maxConcurrent })
    const limit = pLimit(maxConcurrent)
    await Promise.all(claims.map((claim) => limit(() => processed(claim, follower))))
    return claims.length
  }

  /** A failure of the database concerns this chat alone: its lease ends, and it is claimed again. */
  async function processed(claim: Claim, follower: Follower): Promise<void> {
    try {
      await process(claim, follower)
    } catch (error) {
      const { chatId, followerId } = claim
      logger.warn(
        { err: error, chatId, followerId },
        'following a chat failed; it is retried when its lease ends',
      )
    }
  }

  async function process(claim: Claim, follower: Follower): Promise<void> {
    let { position, attempts } = claim
    for (;;) {
      const items = await readAfter(claim, position)
      if (items.length === 0) return store.finish(claim, position, lease.id)
      for (const item of items) {
        if (stopping.signal.aborted) return store.finish(claim, position, lease.id)
        const handled = follower.wants(item) ? await follower.handle(claim, item, attempts) : DONE
        if (handled.type === 'retry') {
          const { afterMs, reason: error } = handled
          return store.postpone(claim, { afterMs, error }, lease.id)
        }
        if (handled.type === 'stopped') {
          known = { ...known, readAt: -Infinity }
          return store.finish(claim, position, lease.id)
        }
        position = lastSeqOf(item)
        attempts = 0
        const isSkippable = !follower.wants(item) && item !== items.at(-1)
        if (!isSkippable && !(await store.advance(claim, position, lease))) return
      }
    }
  }

  async function readAfter({ chatId }: Claim, afterSeq: Seq): Promise<readonly (ChatEvent | LogGap)[]> {
    const events = await chatLog.read({ chatId, afterSeq, untilSeq: MAX_SEQ }, PAGE)
    if (events[0]?.seq === afterSeq + 1) return events
    const untilSeq = events[0] === undefined ? await chatLog.floor(chatId) : events[0].seq - 1
    return untilSeq <= afterSeq ? events : [{ type: 'gap', afterSeq, untilSeq }, ...events]
  }

  return {
    start: loop.start,
    wake() {
      if (known.active.length > 0) loop.wake()
    },
    async stop() {
      stopping.abort()
      await loop.stop()
    },
  }
}

const DONE: Handled = { type: 'done' }

function lastSeqOf(item: ChatEvent | LogGap): Seq {
  return item.type === 'gap' ? item.untilSeq : item.seq
}
