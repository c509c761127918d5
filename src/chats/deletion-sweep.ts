import { type BackgroundLoop, createBackgroundLoop } from '../lib/background-loop.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { DeletionStore } from './deletion-store.ts'

/** Small steps hold few rows for a short time: at most 10,000 messages a second. */
const BATCH = 500
const BUSY_MS = 50
const IDLE_MS = 1_000

/**
 * Deletes the rows of deleted chats. Each step is one transaction, so a gateway that dies leaves nothing half done, and
 * any other goes on. All gateways run this loop; two of them never work on one chat at a time.
 */
export function createDeletionSweep({
  store,
  logger,
}: Readonly<{ store: Pick<DeletionStore, 'step'>; logger: Logger }>): BackgroundLoop {
  return createBackgroundLoop({
    component: 'sweep of deleted chats',
    run: async () => ((await store.step(BATCH)) ? BUSY_MS : IDLE_MS),
    intervalMs: IDLE_MS,
    logger,
  })
}
