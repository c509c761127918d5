import { once } from '../lib/async.ts'
import { createBackgroundLoop } from '../lib/background-loop.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { LastSeen } from '../events/presence-state.ts'
import type { EdgePublisher } from './presence-edges.ts'
import type { LastSeenStore } from './last-seen-store.ts'
import type { PresenceSubscriptions } from './presence-subscriptions.ts'
import type { Confidence } from './presence-view.ts'
import type { ReplayableWrites } from './replayable-writes.ts'
import type { PresenceStore, WatchedEdge } from './store/presence-store.ts'

/** Detects what no request causes: windows that end, and a store that is unreachable or lost its data. */
export type PresenceMonitor = Readonly<{
  /** Whether the store answered recently, so that asking it makes sense. */
  isStoreReachable(): boolean
  /** How much this gateway knows at present. */
  confidence(): Confidence
  start(): void
  /** Resolves when no work is in progress and all that this gateway must save is saved. */
  stop(): Promise<void>
}>

type Dependencies = Readonly<{
  store: PresenceStore
  lastSeen: Pick<LastSeenStore, 'save'>
  replayableWrites: readonly ReplayableWrites[]
  subscriptions: Pick<PresenceSubscriptions, 'retryUnsure' | 'refresh' | 'restart' | 'setConfidence'>
  publishEdges: EdgePublisher
  /** Whether the feature is paused, because the gateway is overloaded. */
  isPaused(): boolean
  windowMs: number
  elapsedMs(): number
  logger: Logger
}>

const INTERVAL_MS = 250
/**
 * If the store has not answered for this long, nothing is known any more. With one interval before it and one after it,
 * a user is shown as online for at most a second too long.
 */
const STORE_TIMEOUT_MS = 500
/** The same for a store that rejects sweeps: the connection is lost, and waiting for an answer is of no use. */
const FAILING_STORE_TIMEOUT_MS = 250
/** Timers work in whole milliseconds, so they can fire this much too early. */
const TIMER_ERROR_MS = 2
/** Half of the time for which a watch is registered. The refresh also finds edges that were lost. */
const REFRESH_INTERVAL_MS = 300_000

export function createPresenceMonitor(dependencies: Dependencies): PresenceMonitor {
  const { store, lastSeen, replayableWrites, subscriptions, publishEdges } = dependencies
  const { isPaused, windowMs, elapsedMs, logger } = dependencies
  const loop = createBackgroundLoop({
    component: 'presence monitor',
    run: monitor,
    intervalMs: INTERVAL_MS,
    logger,
  })
  /** When the store was first asked after its last answer. */
  let askedAt: number | undefined
  /** Whether a sweep failed after the last answer. */
  let isFailing = false
  let refreshedAt = elapsedMs()
  let pausedAt = -Infinity
  let mayHaveLostState = false
  let saving: Promise<void> | undefined

  function isStoreReachable(): boolean {
    return askedAt === undefined || elapsedMs() - askedAt < storeTimeoutMs()
  }

  function storeTimeoutMs(): number {
    return isFailing ? FAILING_STORE_TIMEOUT_MS : STORE_TIMEOUT_MS
  }

  /**
   * While presence is paused apps may skip their heartbeats, so nothing is known. Afterwards an online user is known to
   * be online. All others may only have been silent, until a whole window has passed.
   */
  function confidence(): Confidence {
    if (isPaused()) pausedAt = elapsedMs()
    if (isPaused() || !isStoreReachable()) return 'none'
    return elapsedMs() - pausedAt < windowMs ? 'online-only' : 'full'
  }

  async function monitor(): Promise<void> {
    askedAt ??= elapsedMs()
    const untilTimeoutMs = Math.max(0, askedAt + storeTimeoutMs() - elapsedMs())
    const timer = setTimeout(concealIfUnreachable, untilTimeoutMs + TIMER_ERROR_MS)
    try {
      await sweep()
    } catch (error) {
      isFailing = true
      mayHaveLostState = true
      logger.debug({ err: error }, 'presence sweep failed; the next one replays all writes')
    } finally {
      clearTimeout(timer)
    }
    subscriptions.setConfidence(confidence())
    if (confidence() !== 'none') subscriptions.retryUnsure()
    if (elapsedMs() - refreshedAt < REFRESH_INTERVAL_MS) return
    refreshedAt = elapsedMs()
    subscriptions.refresh()
  }

  /**
   * A sweep that hangs must not delay this. If this process was suspended, the answer of the store may have arrived
   * already. `setImmediate` lets it be processed first.
   */
  function concealIfUnreachable(): void {
    setImmediate(() => {
      if (confidence() === 'none') subscriptions.setConfidence('none')
    })
  }

  async function sweep(): Promise<void> {
    const { hasLostState, expired, unsaved } = await store.sweep()
    askedAt = undefined
    isFailing = false
    if (hasLostState || mayHaveLostState) await restore()
    else await replay(replayableWrites.filter(({ needsReplay }) => needsReplay()))
    if (expired.length > 0) await publishExpired(expired)
    saving ??= save(unsaved)
  }

  /** Activities come first. Otherwise the subscriptions would read a store that knows of no online user. */
  async function restore(): Promise<void> {
    mayHaveLostState = false
    await replay(replayableWrites)
    subscriptions.restart()
  }

  async function replay(writes: readonly ReplayableWrites[]): Promise<void> {
    await Promise.all(writes.map((one) => one.replay()))
  }

  /** Publishes before it confirms. If this gateway dies in between, another one publishes the edges again. */
  async function publishExpired(expired: readonly WatchedEdge[]): Promise<void> {
    await publishEdges(expired)
    await store.confirmExpired(expired.map(({ edge }) => edge))
  }

  /** Runs beside the sweeps, because a slow database must not delay them. Failed saves are retried by the next one. */
  async function save(unsaved: readonly LastSeen[]): Promise<void> {
    try {
      await lastSeen.save(unsaved)
      if (unsaved.length > 0) await store.markSaved(unsaved)
    } catch (error) {
      logger.warn({ err: error }, 'saving last activities failed; the next sweep tries again')
    } finally {
      saving = undefined
    }
  }

  async function closeStore(): Promise<void> {
    try {
      await lastSeen.save(await store.close())
    } catch (error) {
      logger.warn(
        { err: error },
        'closing the presence store failed; other gateways save the last activities',
      )
    }
  }

  return {
    isStoreReachable,
    confidence,
    start: loop.start,
    stop: once(async () => {
      await loop.stop()
      await saving
      await Promise.all(replayableWrites.map(({ drained }) => drained()))
      await closeStore()
    }),
  }
}
