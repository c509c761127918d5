import { type BackgroundLoop, createBackgroundLoop } from '../../lib/background-loop.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { PushStore } from './push-store.ts'
import type { TargetStore } from './target-store.ts'

/** How long it is known what was pushed to a device about a chat, in seconds. Providers keep a message for a week. */
const KEEP_S = 14 * 86_400
const BATCH = 1_000
const INTERVAL_MS = 3_600_000

type Dependencies = Readonly<{
  store: Pick<PushStore, 'sweep'>
  targets: Pick<TargetStore, 'removeRevoked'>
  logger: Logger
}>

/**
 * Deletes what is known about old push messages, and the few targets that were set while their tokens were being
 * revoked.
 */
export function createPushSweep({ store, targets, logger }: Dependencies): BackgroundLoop {
  return createBackgroundLoop({
    component: 'push sweep',
    async run() {
      await targets.removeRevoked()
      while ((await store.sweep(KEEP_S, BATCH)) === BATCH);
    },
    intervalMs: INTERVAL_MS,
    logger,
  })
}
