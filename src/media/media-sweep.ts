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

/** All attempts to upload have ended by this age: the address works for a day, and a request ends in two hours. */
const ENDED_S = UNSENT_S + 3 * 3_600

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
 *
 * A gateway that dies while it stores files or parts leaves objects that no row names. A day later, when no attempt can
 * be running any more, the folder of each upload is compared with its row, once.
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

  /** Removes the objects of attempts that failed. The folder of an upload has nothing but its own attempt then. */
  async function tidy(): Promise<number> {
    const uploads = await store.untidy(ENDED_S, MAX_BATCH)
    for (const { id, storageKey, attempt } of uploads) {
      const strays = new Set<string>()
      for await (const { name } of storage.list(storageKey)) {
        const [, folder = ''] = name.split('/')
        if (folder !== attempt) strays.add(folder)
      }
      for (const folder of strays) await storage.remove(`${storageKey}/${folder}`)
      if (strays.size > 0) logger.info({ id, attempts: strays.size }, 'removed what failed uploads had left')
    }
    if (uploads.length > 0) await store.markTidy(uploads.map(({ id }) => id))
    return uploads.length
  }

  return createBackgroundLoop({
    component: 'media sweep',
    async run() {
      if (rounds++ % ROUNDS_PER_TIDYING === 0) await storage.tidy()
      await store.forgetUsage(MAX_BATCH)
      const unsent = await store.releaseUnsent(unsentS, MAX_BATCH)
      const deleted = await deleteReleased()
      const tidied = await tidy()
      return [unsent, deleted, tidied].includes(MAX_BATCH) ? BUSY_MS : IDLE_MS
    },
    intervalMs: IDLE_MS,
    logger,
  })
}
