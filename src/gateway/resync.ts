import type { UserId } from '../ids.ts'
import type { Clock } from '../lib/clock.ts'
import { pause } from '../lib/async.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Hub } from './hub.ts'
import type { MembershipStore } from './membership-store.ts'

/**
 * Finds what wake-ups did not tell. Compares how far the logs reach with how far they were passed on here, for the
 * people of this gateway, a slice of them at a time; what is behind, the hub reads from the log.
 */
export type Resync = Readonly<{
  /** Something may have been missed since a moment ago: look at everybody, soon and fast. Never throws. */
  request(reason: ResyncReason): void
  /** While wake-ups don't come at all, look at everybody again and again. */
  setBusDown(isDeaf: boolean): void
  start(): void
  /** Resolves when no look is under way any more. */
  stop(): Promise<void>
}>

type Dependencies = Readonly<{
  hub: Pick<Hub, 'userIds' | 'reconcile' | 'deliverSignals'>
  store: MembershipStore
  clock: Clock
  metrics: Pick<Metrics, 'resyncs' | 'resyncedUsers'>
  logger: Logger
  pace?: Partial<ResyncPace>
}>

/** What may have made this gateway miss something. */
export type ResyncReason = 'gap' | 'broadcast' | 'gateway-gone' | 'unregistered'

/** What looking may cost: each slice is two statements, of at most `people` persons. */
export type ResyncPace = Readonly<{
  people: number
  /** Between two slices after a fault, in milliseconds: 5,000 people a second, 10 slices. */
  fastMs: number
  /** Between two slices when nothing is wrong: 500 people a second, one slice. */
  slowMs: number
}>

const PACE: ResyncPace = { people: 500, fastMs: 100, slowMs: 1_000 }

/** How far back receipts are repeated: longer than a fault goes unnoticed, and than clocks differ. */
const RECEIPTS_BACK_MS = 60_000

/*
 * One loop, in two gears. It goes through the people of this gateway in rounds, a slice at a time. Slowly, as the last
 * net under everything that should have worked; fast from the moment that somebody says that something may be amiss,
 * until everybody who was here at that moment has been looked at, and for as long as the gateway is deaf.
 */
export function createResync({ hub, store, clock, metrics, logger, pace: chosen }: Dependencies): Resync {
  const pace = { ...PACE, ...chosen }
  const ended = new AbortController()
  let hurry = new AbortController()
  let faultAt: number | undefined
  let isDeaf = false
  let round: UserId[] = []
  let running: Promise<void> = Promise.resolve()

  function sweep(reason: ResyncReason): void {
    logger.info({ reason }, 'comparing what was passed on with the logs')
    metrics.resyncs.inc({ reason })
    faultAt = Math.min(faultAt ?? Infinity, clock.now())
    round = []
    hurry.abort()
  }

  async function run(): Promise<void> {
    while (!ended.signal.aborted) {
      const isFast = faultAt !== undefined || isDeaf
      await rest(isFast ? pace.fastMs : pace.slowMs)
      await lookAtSlice().catch((error: unknown) => {
        logger.warn({ err: error }, 'what was passed on could not be compared with the logs')
      })
    }
  }

  async function lookAtSlice(): Promise<void> {
    const isFirst = round.length === 0
    if (isFirst) round = [...hub.userIds()]
    const slice = round.slice(0, pace.people)
    const startedWith = round
    if (slice.length > 0) await look(slice)
    if (round !== startedWith) return
    round = round.slice(slice.length)
    if (round.length === 0) faultAt = undefined
  }

  async function look(slice: readonly UserId[]): Promise<void> {
    hub.reconcile(await store.heads(slice))
    metrics.resyncedUsers.inc(slice.length)
    if (faultAt === undefined && !isDeaf) return
    const since = new Date((faultAt ?? clock.now()) - RECEIPTS_BACK_MS)
    hub.deliverSignals(await store.receipts(slice, since))
  }

  /** Ends early when somebody calls for haste. */
  async function rest(ms: number): Promise<void> {
    hurry = new AbortController()
    await pause(ms, AbortSignal.any([ended.signal, hurry.signal]))
  }

  return {
    request: sweep,
    setBusDown(deaf) {
      isDeaf = deaf
      if (deaf) hurry.abort()
    },
    start() {
      running = run()
    },
    async stop() {
      ended.abort()
      await running
    },
  }
}
