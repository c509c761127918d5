import { type BackgroundLoop, createBackgroundLoop } from '../lib/background-loop.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { MediaStorage } from './storage.ts'
import { UNSENT_S } from './uploads.ts'
import type { UploadStore } from './upload-store.ts'

type Dependencies = Readonly<{
  store: UploadStore
  storage: MediaStorage
  metrics: Pick<Metrics, 'mediaDeleted'>
  logger: Logger
  /** The age at which an upload that was not sent is deleted, in seconds. Default: a day and some minutes. */
  unsentS?: number
}>

const MAX_BATCH = 100
const BUSY_MS = 50
const IDLE_MS = 5_000
/** Work without a deadline is done at this pace, in rounds. */
const ROUNDS_PER_TIDYING = 720

/** The address accepts no bytes for a while before the upload is deleted. */
const GRACE_S = 600

/**
 * Deletes the bytes of deleted messages, and uploads that were not sent. The commit that deletes a message also marks
 * its uploads, so none is forgotten if the gateway dies. All gateways run this loop; deleting the same bytes twice
 * does no harm. A row is deleted after its bytes, so that a failure between the two only repeats the deletion.
 */
export function createMediaSweep(dependencies: Dependencies): BackgroundLoop {
  const { store, storage, metrics, logger, unsentS = UNSENT_S + GRACE_S } = dependencies
  let rounds = 0

  async function deleteReleased(): Promise<number> {
    const released = await store.released(MAX_BATCH)
    for (const { storageKey } of released) await storage.remove(storageKey)
    if (released.length > 0) await store.forget(released.map(({ id }) => id))
    metrics.mediaDeleted.inc(released.length)
    return released.length
  }

  return createBackgroundLoop({
    component: 'media sweep',
    async run() {
      if (rounds++ % ROUNDS_PER_TIDYING === 0) await storage.tidy()
      await store.forgetUsage(MAX_BATCH)
      const unsent = await store.releaseUnsent(unsentS, MAX_BATCH)
      const deleted = await deleteReleased()
      return unsent === MAX_BATCH || deleted === MAX_BATCH ? BUSY_MS : IDLE_MS
    },
    intervalMs: IDLE_MS,
    logger,
  })
}
