import type { ChatId } from '../ids.ts'
import { type BackgroundLoop, createBackgroundLoop } from '../lib/background-loop.ts'
import type { Clock } from '../lib/clock.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Age, RetentionStore } from './retention-store.ts'

export type Retention = Pick<BackgroundLoop, 'start' | 'stop'>

type Dependencies = Readonly<{
  store: RetentionStore
  /** The age at which an event leaves the log, in seconds. Undefined: events are kept forever, and nothing runs. */
  keepS: number | undefined
  /** Returns false under load. Deletion then pauses, in the middle of a chat as well. */
  isOn(): boolean
  clock: Clock
  metrics: Pick<Metrics, 'logEventsDeleted'>
  logger: Logger
  pace?: Partial<RetentionPace>
}>

export type RetentionPace = Readonly<{
  /** Chats that one statement examines. */
  page: number
  /** Events that one commit deletes. */
  batch: number
  /** The shortest rest after a statement, in milliseconds. With `batch`, at most 10,000 events a second. */
  restMs: number
  /** The rest before looking for work again, in milliseconds. */
  idleMs: number
}>

const PACE: RetentionPace = { page: 500, batch: 500, restMs: 50, idleMs: 1_000 }
/** The loop rests four times as long as a statement took, so a gateway uses a fifth of one connection at most. */
const REST_FACTOR = 4
/** After this many failed steps in a row, the rest of the page is left to the next round. */
const MAX_FAILURES = 10

/** This gateway's part of a round. */
type RoundProgress = { readonly startedAt: number; chats: number; events: number }

/**
 * Deletes events from the log that are older than the operator keeps them. All gateways share one round over all chats:
 * each takes the next page of chats when it has time. A device whose pending events are deleted gets `InboxReset`.
 * Messages stay.
 *
 * Each step is one statement, so that the loop can rest, pause or stop between any two of them. A chat whose step fails
 * is tried again after the others of its page. A page that its gateway leaves undone is found by the next round.
 */
export function createRetention(dependencies: Dependencies): Retention {
  const { store, keepS, isOn, clock, metrics, logger } = dependencies
  const pace = { ...PACE, ...dependencies.pace }
  const age = (): Age => ({ seconds: keepS ?? Infinity, now: new Date(clock.now()) })
  let overdue: readonly ChatId[] = []
  let failuresInARow = 0
  let progress: RoundProgress | undefined

  /** Returns false if there is nothing to do until the next round. */
  async function takePage(): Promise<boolean> {
    const page = await store.nextPage(pace.page, age())
    if (page === undefined) return false
    progress ??= { startedAt: clock.now(), chats: 0, events: 0 }
    overdue = page.overdue
    return true
  }

  async function trim(chatId: ChatId): Promise<void> {
    const count = await store.trim(chatId, pace.batch, age())
    metrics.logEventsDeleted.inc(count)
    const isDone = count < pace.batch
    if (isDone) overdue = overdue.slice(1)
    if (progress === undefined) return
    progress.events += count
    if (isDone) progress.chats += 1
  }

  async function step(): Promise<number> {
    if (!isOn()) return pace.idleMs
    const startedAt = performance.now()
    const [chatId] = overdue
    try {
      if (chatId !== undefined) await trim(chatId)
      else if (!(await takePage())) {
        reportRound()
        return pace.idleMs
      }
      failuresInARow = 0
    } catch (error) {
      postpone()
      throw error
    }
    return Math.max(pace.restMs, REST_FACTOR * (performance.now() - startedAt))
  }

  /** A database that rejects every chat must not keep this gateway from taking other pages. */
  function postpone(): void {
    failuresInARow += 1
    const [failed, ...others] = overdue
    overdue = failed === undefined || failuresInARow > MAX_FAILURES ? [] : [...others, failed]
  }

  function reportRound(): void {
    if (progress === undefined) return
    const { startedAt, chats, events } = progress
    progress = undefined
    logger.info(
      { chats, events, tookMs: clock.now() - startedAt },
      'log retention finished a round; old events were deleted',
    )
  }

  const loop = createBackgroundLoop({
    component: 'log retention',
    run: step,
    intervalMs: pace.idleMs,
    logger,
  })
  return {
    start() {
      if (keepS !== undefined) loop.start()
    },
    async stop() {
      await loop.stop()
      reportRound()
    },
  }
}
