import { pause } from '../lib/async.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { ExpiryStore } from './expiry-store.ts'

/**
 * Takes expired messages out of the database. Nobody waits for it: every answer hides them from the moment of expiry.
 * Each gateway asks, and the database lets one at a time.
 */
export type ExpirySweeper = Readonly<{
  start(): void
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>
}>

type Dependencies = Readonly<{
  store: ExpiryStore
  metrics: Pick<Metrics, 'expired'>
  logger: Logger
}>

/** Steps that hold few rows for a short while: when there is much to erase, at most 10,000 messages a second. */
const MAX_BATCH = 500
const BUSY_MS = 50
const IDLE_MS = 1_000

export function createExpirySweeper({ store, metrics, logger }: Dependencies): ExpirySweeper {
  const ended = new AbortController()
  let running: Promise<void> = Promise.resolve()

  /** Whether there may be more. */
  async function sweep(): Promise<boolean> {
    try {
      const erased = await store.eraseExpired(MAX_BATCH)
      metrics.expired.inc(erased)
      return erased === MAX_BATCH
    } catch (error) {
      logger.warn({ err: error }, 'expired messages could not be erased yet')
      return false
    }
  }

  async function run(): Promise<void> {
    while (!ended.signal.aborted) {
      const isBusy = await sweep()
      await pause(isBusy ? BUSY_MS : IDLE_MS, ended.signal)
    }
  }

  return {
    start() {
      running = run()
    },
    async stop() {
      ended.abort()
      await running
    },
  }
}
