import { once, pause } from '../lib/async.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Confidence } from './confidence.ts'
import type { LastSeenStore } from './last-seen-store.ts'
import type { ReplayableWrites } from './replayable-writes.ts'
import type { PresenceStore, WatchedEdge } from './store/presence-store.ts'
import type { LastSeen } from '../events/presence-state.ts'
import type { PresenceSubscriptions } from './presence-subscriptions.ts'

/** Notices what happens without anybody doing anything: windows that run out, a store that is away or has forgotten. */
export type PresenceMonitor = Readonly<{
  /** Whether the store was reached lately, so that it is worth asking. */
  isStoreReachable(): boolean
  /** What is known at present. */
  confidence(): Confidence
  start(): void
  /** Resolves when nothing is under way any more, and nothing is left to be saved. */
  stop(): Promise<void>
}>

type Dependencies = Readonly<{
  store: PresenceStore
  lastSeen: Pick<LastSeenStore, 'save'>
  replayables: readonly ReplayableWrites[]
  subscriptions: Pick<PresenceSubscriptions, 'retryUncertain' | 'refresh' | 'restart' | 'setConfidence'>
  /** Tells whoever watches them. Never rejects. */
  publishEdges(edges: readonly WatchedEdge[]): Promise<void>
  /** Whether presence is left alone for now, because there is too much else to do. */
  isPaused(): boolean
  windowMs: number
  elapsedMs(): number
  logger: Logger
}>

const TURN_MS = 250
/**
 * After so long without an answer nothing is known any more. With a turn before it and one after it, that is the second
 * by which somebody may be taken for online too long.
 */
const AWAY_MS = 500
/** A timer takes the moment when it is set, and what it waits, in whole milliseconds: it rings as much too early. */
const EARLY_MS = 2
/** Half of the time for which a watch is registered: the last net under edges that nobody told, as well. */
const RENEW_MS = 300_000

export function createPresenceMonitor(dependencies: Dependencies): PresenceMonitor {
  const { store, lastSeen, replayables, subscriptions, publishEdges, isPaused, windowMs, elapsedMs, logger } =
    dependencies
  const ended = new AbortController()
  /** When the store was first asked after its last answer. */
  let askedAt: number | undefined
  let renewedAt = elapsedMs()
  let pausedAt = -Infinity
  let mayHaveLostState = false
  let saving: Promise<void> | undefined
  let running: Promise<void> = Promise.resolve()

  function isStoreReachable(): boolean {
    return askedAt === undefined || elapsedMs() - askedAt < AWAY_MS
  }

  /**
   * While presence is paused apps may keep their heartbeats to themselves, and nothing comes of looking. After it, whoever
   * is online is known to be; whoever is not may have been silent only, until a whole window has passed.
   */
  function confidence(): Confidence {
    if (isPaused()) pausedAt = elapsedMs()
    if (isPaused() || !isStoreReachable()) return 'nothing'
    return elapsedMs() - pausedAt < windowMs ? 'online' : 'everything'
  }

  async function turn(): Promise<void> {
    askedAt ??= elapsedMs()
    const alarm = setTimeout(checkTimeout, Math.max(0, askedAt + AWAY_MS - elapsedMs()) + EARLY_MS)
    try {
      await sweep()
    } catch (error) {
      mayHaveLostState = true
      logger.debug({ err: error }, 'who is online could not be kept up to date this time')
    } finally {
      clearTimeout(alarm)
    }
    subscriptions.setConfidence(confidence())
    if (confidence() !== 'nothing') subscriptions.retryUncertain()
    if (elapsedMs() - renewedAt < RENEW_MS) return
    renewedAt = elapsedMs()
    subscriptions.refresh()
  }

  /**
   * A store that hangs holds up the turn for longer than what it said last is true. After a stop of this process its
   * answer may have come already: that is read first.
   */
  function checkTimeout(): void {
    setImmediate(() => {
      if (confidence() === 'nothing') subscriptions.setConfidence('nothing')
    })
  }

  async function sweep(): Promise<void> {
    const { hasLostState, expired, unsaved } = await store.sweep()
    askedAt = undefined
    if (hasLostState || mayHaveLostState) await replayAll()
    else
      await Promise.all(replayables.filter(({ needsReplay }) => needsReplay()).map(({ replay }) => replay()))
    if (expired.length > 0) await publishExpired(expired)
    saving ??= save(unsaved)
  }

  /** The people first, then who watches them: or those who watch would look at a store that knows of nobody. */
  async function replayAll(): Promise<void> {
    mayHaveLostState = false
    await Promise.all(replayables.map(({ replay }) => replay()))
    subscriptions.restart()
  }

  /** Told first, removed then: who dies in between leaves it to the next one. */
  async function publishExpired(expired: readonly WatchedEdge[]): Promise<void> {
    await publishEdges(expired)
    await store.confirmExpired(expired.map(({ edge }) => edge))
  }

  /** Beside the sweeps, which a database that is slow must not hold up. What fails is unsaved still. */
  async function save(unsaved: readonly LastSeen[]): Promise<void> {
    try {
      await lastSeen.save(unsaved)
      if (unsaved.length > 0) await store.markSaved(unsaved)
    } catch (error) {
      logger.warn({ err: error }, 'the last activity of some people is not saved yet')
    } finally {
      saving = undefined
    }
  }

  async function run(): Promise<void> {
    while (!ended.signal.aborted) {
      await turn()
      await pause(TURN_MS, ended.signal)
    }
  }

  async function leave(): Promise<void> {
    try {
      await lastSeen.save(await store.close())
    } catch (error) {
      logger.warn({ err: error }, 'who was here last is left for others to save')
    }
  }

  return {
    isStoreReachable,
    confidence,
    start() {
      running = run()
    },
    stop: once(async () => {
      ended.abort()
      await running
      await saving
      await Promise.all(replayables.map(({ drained }) => drained()))
      await leave()
    }),
  }
}
