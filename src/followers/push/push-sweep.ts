import { type BackgroundLoop, createBackgroundLoop } from '../../lib/background-loop.ts'
import type { Logger } from '../../telemetry/logger.ts'
import type { PushStore } from './push-store.ts'

/** How long it is known what was pushed to a device about a chat, in seconds. Providers keep a message for a week. */
const KEEP_S = 14 * 86_400
const BATCH = 1_000
const INTERVAL_MS = 3_600_000

type Dependencies = Readonly<{ store: Pick<PushStore, 'sweep'>; logger: Logger }>

/** Deletes what is known about old push messages. */
export function createPushSweep({ store, logger }: Dependencies): BackgroundLoop {
  return createBackgroundLoop({
    component: 'push sweep',
    async run() {
      while ((await store.sweep(KEEP_S, BATCH)) === BATCH);
    },
    intervalMs: INTERVAL_MS,
    logger,
  })
}
