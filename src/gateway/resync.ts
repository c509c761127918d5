import type { UserId } from '../ids.ts'
import { createBackgroundLoop } from '../lib/background-loop.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Hub } from './hub.ts'
import type { MembershipStore } from './membership-store.ts'

/**
 * Finds what the bus lost. Compares the heads of the logs with what was delivered here, for the users of this gateway,
 * a slice of them at a time. The hub reads what is missing from the log.
 */
export type Resync = Readonly<{
  /** Messages may have been missed until a moment ago: resyncs all users of this gateway, fast. Never throws. */
  request(reason: ResyncReason): void
  /** While the bus is down, resyncs all users again and again. */
  setBusDown(isBusDown: boolean): void
  start(): void
  /** Resolves when no slice is being read any more. */
  stop(): Promise<void>
}>

/** Why this gateway may have missed messages. */
export type ResyncReason =
  /** The bus may have lost messages to this gateway. */
  | 'gap'
  /** Another gateway could not publish something. */
  | 'broadcast'
  /** Another gateway died, perhaps before it published something. */
  | 'gateway-gone'
  /** Users of this gateway were not registered for a while. */
  | 'unregistered'

type Dependencies = Readonly<{
  hub: Pick<Hub, 'userIds' | 'reconcile' | 'deliverSignals'>
  store: MembershipStore
  clock: Clock
  metrics: Pick<Metrics, 'resyncs' | 'resyncedUsers'>
  logger: Logger
  /** Called at each request, for what else these users may have missed. */
  onRequested(userIds: Iterable<UserId>): void
  pace?: Partial<ResyncPace>
}>

/** The limits of a resync's load on the database: each slice is two statements about at most `sliceSize` users. */
export type ResyncPace = Readonly<{
  sliceSize: number
  /** Between two slices after a fault, in milliseconds. By default 5,000 users a second, in 10 slices. */
  fastMs: number
  /** Between two slices without a fault, in milliseconds. By default 500 users a second, in one slice. */
  slowMs: number
}>

const PACE: ResyncPace = { sliceSize: 500, fastMs: 100, slowMs: 1_000 }

/** Receipts are delivered again from this long before a fault: longer than a fault stays undetected, and clock skew. */
const RECEIPTS_BEFORE_FAULT_MS = 60_000

/**
 * One loop with two speeds. It visits the users of this gateway in rounds, a slice at a time. By default it is slow, in
 * case a loss was never noticed. It is fast while the bus is down. It is also fast after a request, until all users
 * that were here at that time were visited.
 */
export function createResync(dependencies: Dependencies): Resync {
  const { hub, store, clock, metrics, logger, onRequested, pace: chosen } = dependencies
  const pace = { ...PACE, ...chosen }
  let faultAt: number | undefined
  let isBusDown = false
  /** The users that this round has still to visit. A request prolongs it, also while a slice is being read. */
  let remaining: readonly UserId[] = []

  const loop = createBackgroundLoop({
    component: 'resync',
    run: resyncSlice,
    intervalMs: () => (faultAt !== undefined || isBusDown ? pace.fastMs : pace.slowMs),
    startsWithRest: true,
    logger,
  })

  async function resyncSlice(): Promise<void> {
    if (remaining.length === 0) remaining = [...hub.userIds()]
    const slice = remaining.slice(0, pace.sliceSize)
    const rest = remaining.slice(pace.sliceSize)
    remaining = rest
    try {
      if (slice.length > 0) await resyncUsers(slice)
    } catch (error) {
      remaining = [...new Set([...slice, ...remaining])]
      throw error
    }
    const wasRequested = remaining !== rest
    if (remaining.length === 0 && !wasRequested) faultAt = undefined
  }

  /**
   * All users, first those that this round has not visited yet. Requests may follow each other faster than a round, for
   * example while Redis cuts a subscriber again and again. If each began a new round, the last users would never be
   * visited.
   */
  function prolonged(): readonly UserId[] {
    const all = new Set(hub.userIds())
    const waiting = remaining.filter((userId) => all.delete(userId))
    return [...waiting, ...all]
  }

  async function resyncUsers(userIds: readonly UserId[]): Promise<void> {
    hub.reconcile(await store.heads(userIds))
    metrics.resyncedUsers.inc(userIds.length)
    if (faultAt === undefined && !isBusDown) return
    const since = new Date((faultAt ?? clock.now()) - RECEIPTS_BEFORE_FAULT_MS)
    hub.deliverSignals(await store.receipts(userIds, since))
  }

  return {
    request(reason) {
      logger.info({ reason }, 'resync requested')
      metrics.resyncs.inc({ reason })
      faultAt = Math.min(faultAt ?? Infinity, clock.now())
      remaining = prolonged()
      loop.wake()
      onRequested(hub.userIds())
    },
    setBusDown(value) {
      isBusDown = value
      if (isBusDown) loop.wake()
    },
    start: loop.start,
    stop: loop.stop,
  }
}
