import type { ChatId } from '../ids.ts'
import type { Clock } from '../lib/clock.ts'
import { pause } from '../lib/async.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { Age, RetentionStore } from './retention-store.ts'

/**
 * Takes log entries away that are older than the operator wants to keep. All gateways share one round of all chats, and
 * each takes the next of them when it has time. Whoever is owed an entry that has left is told to begin anew
 * (InboxReset); messages stay.
 */
export type Retention = Readonly<{
  start(): void
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>
}>

type Dependencies = Readonly<{
  store: RetentionStore
  /** How old an entry gets, in seconds; undefined: it is kept for good, and nothing is done. */
  keepS: number | undefined
  /** False under load: then this waits. */
  isOn(): boolean
  clock: Clock
  metrics: Pick<Metrics, 'logEntriesDeleted'>
  logger: Logger
  pace?: Partial<RetentionPace>
}>

/** What the sweep may cost. A statement rests four times as long as it took, so it never takes more than a fifth of a connection. */
export type RetentionPace = Readonly<{
  /** Chats that are looked at by one statement. */
  page: number
  /** Entries that one commit takes away. */
  batch: number
  /** Between two statements at least, in milliseconds: at most 10,000 entries a second. */
  restMs: number
  /** Between two questions whether there is something to do, in milliseconds. */
  idleMs: number
}>

const PACE: RetentionPace = { page: 500, batch: 500, restMs: 50, idleMs: 1_000 }
const REST_FACTOR = 4

/** What one gateway did of a round. */
type Sweep = { readonly startedAt: number; chats: number; entries: number }

export function createRetention(dependencies: Dependencies): Retention {
  const { store, keepS, isOn, clock, metrics, logger } = dependencies
  const pace = { ...PACE, ...dependencies.pace }
  const ended = new AbortController()
  let running: Promise<void> = Promise.resolve()
  let sweep: Sweep | undefined

  async function rested<Result>(statement: () => Promise<Result>): Promise<Result> {
    const startedAt = performance.now()
    const result = await statement()
    await pause(Math.max(pace.restMs, REST_FACTOR * (performance.now() - startedAt)), ended.signal)
    return result
  }

  async function untilOn(): Promise<void> {
    while (!isOn() && !ended.signal.aborted) await pause(pace.idleMs, ended.signal)
  }

  async function trim(chatId: ChatId, age: () => Age): Promise<number> {
    let count = pace.batch
    let total = 0
    while (count === pace.batch && !ended.signal.aborted) {
      await untilOn()
      count = await rested(() => store.trim(chatId, pace.batch, age()))
      metrics.logEntriesDeleted.inc(count)
      total += count
    }
    return total
  }

  /** Whether there may be more to do. What it leaves undone, since the database is away, the next round does. */
  async function step(age: () => Age): Promise<boolean> {
    const page = await rested(() => store.nextPage(pace.page, age()))
    if (page === undefined) return false
    sweep ??= { startedAt: clock.now(), chats: 0, entries: 0 }
    for (const chatId of page.overdue) {
      sweep.entries += await trim(chatId, age)
      sweep.chats += 1
    }
    return true
  }

  function report(): void {
    if (sweep === undefined) return
    const { startedAt, chats, entries } = sweep
    sweep = undefined
    logger.info({ chats, entries, tookMs: clock.now() - startedAt }, 'old log entries were deleted')
  }

  async function stepIfOn(age: () => Age): Promise<boolean> {
    if (!isOn()) return false
    try {
      const isBusy = await step(age)
      if (!isBusy) report()
      return isBusy
    } catch (error) {
      logger.warn({ err: error }, 'old log entries could not be deleted yet')
      return false
    }
  }

  async function run(seconds: number): Promise<void> {
    const age = (): Age => ({ seconds, now: new Date(clock.now()) })
    while (!ended.signal.aborted) {
      const isBusy = await stepIfOn(age)
      if (!isBusy) await pause(pace.idleMs, ended.signal)
    }
    report()
  }

  return {
    start() {
      if (keepS !== undefined) running = run(keepS)
    },
    async stop() {
      ended.abort()
      await running
    },
  }
}
