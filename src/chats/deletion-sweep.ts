import { type BackgroundLoop, createBackgroundLoop } from '../lib/background-loop.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { DeletionStore } from './deletion-store.ts'

type Dependencies = Readonly<{
  store: Pick<DeletionStore, 'step'>
  metrics: Pick<Metrics, 'deletedChatRows'>
  logger: Logger
}>

/** Small steps hold few rows for a short time: at most 10,000 messages a second. */
const BATCH = 500
const BUSY_MS = 50
const IDLE_MS = 1_000

/**
 * Deletes the rows of deleted chats. Each step is one transaction, so a gateway that dies leaves nothing half done, and
 * any other goes on. All gateways run this loop; two of them never work on one chat at a time.
 */
export function createDeletionSweep({ store, metrics, logger }: Dependencies): BackgroundLoop {
  return createBackgroundLoop({
    component: 'sweep of deleted chats',
    async run() {
      const count = await store.step(BATCH)
      metrics.deletedChatRows.inc(count ?? 0)
      return count === undefined ? IDLE_MS : BUSY_MS
    },
    intervalMs: IDLE_MS,
    logger,
  })
}
