import { type BackgroundLoop, createBackgroundLoop } from '../lib/background-loop.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { ExpiryStore } from './expiry-store.ts'

type Dependencies = Readonly<{
  store: ExpiryStore
  metrics: Pick<Metrics, 'expired'>
  logger: Logger
}>

/** Small steps hold few rows for a short time: a backlog is erased at no more than 10,000 messages a second. */
const MAX_BATCH = 500
const BUSY_MS = 50
const IDLE_MS = 1_000

/**
 * Erases expired messages from the database. Nothing depends on when that happens: every answer hides a message from
 * the moment of its expiry. All gateways run this loop, and a lock in the database lets one of them work at a time.
 */
export function createMessageExpiry({ store, metrics, logger }: Dependencies): BackgroundLoop {
  return createBackgroundLoop({
    component: 'message expiry',
    async run() {
      const erased = await store.eraseExpired(MAX_BATCH)
      metrics.expired.inc(erased)
      return erased === MAX_BATCH ? BUSY_MS : IDLE_MS
    },
    intervalMs: IDLE_MS,
    logger,
  })
}
