import { randomBytes } from 'node:crypto'
import type { MediaConfig } from '../config/config.ts'
import { createAttachmentStore } from '../media/attachment-store.ts'
import { createAttachments } from '../media/attachments.ts'
import { createDownloads, type Downloads } from '../media/downloads.ts'
import { createInspector, type Inspector } from '../media/inspector.ts'
import { openStorage } from '../media/open-storage.ts'
import { createMediaLinks, type MediaLinks } from '../media/media-links.ts'
import { createMediaSweep } from '../media/media-sweep.ts'
import type { MediaStorage } from '../media/storage.ts'
import { createUploadStore, type UploadStore } from '../media/upload-store.ts'
import { createCompleteUpload } from '../media/complete-upload.ts'
import { createPartStore, type PartStore } from '../media/part-store.ts'
import { createResumableUploads, type ResumableUploads } from '../media/resumable-uploads.ts'
import { createUploads, type Uploads } from '../media/uploads.ts'
import { createPace } from '../media/pace.ts'
import { createVirusScan } from '../media/virus-scan.ts'
import { post } from '../transport/outgoing/post.ts'
import type { BackgroundLoop } from '../lib/background-loop.ts'
import type { Foundation } from './foundation.ts'

export type MediaParts = ReturnType<typeof wireMedia>

/** The parts that take, keep and serve files. */
export type FileParts = Readonly<{
  uploads: Uploads
  resumable: ResumableUploads
  downloads: Downloads
  storage: MediaStorage
  inspector: Inspector
  sweep: BackgroundLoop
}>

/** The attachments of messages, and unless uploads are off, the parts that take and serve files. */
export function wireMedia(foundation: Foundation) {
  const { config, database } = foundation
  const attachmentStore = createAttachmentStore(database)
  const writer = database.durableWriter
  const uploadStore = createUploadStore({ writer })
  // Without uploads no address is served, so its key does not matter.
  let key = randomBytes(32)
  const mediaLinks = createMediaLinks(() => key)
  const stores = { store: uploadStore, parts: createPartStore({ writer }) }
  const files = config.media && wireFiles(foundation, config.media, mediaLinks, stores)
  return {
    attachmentStore,
    attachments: createAttachments({ store: attachmentStore, uploadStore }),
    mediaLinks,
    files,
    async start() {
      if (files === undefined) return
      key = Buffer.from(await uploadStore.signingKey(key))
      files.inspector.start()
      files.sweep.start()
    },
    async stop() {
      await files?.sweep.stop()
      await files?.inspector.close()
      await files?.storage.close()
    },
  }
}

function wireFiles(
  { config, secrets, clock, metrics, logger }: Foundation,
  { location, maxUploadBytes, contentTypes, bytesPerDay, bytesPerSecond, scan: scanner }: MediaConfig,
  links: MediaLinks,
  { store, parts }: Readonly<{ store: UploadStore; parts: PartStore }>,
): FileParts {
  const pace = createPace({
    bytesPerSecond,
    onPassed: (byteCount) => metrics.mediaTransferBytes.inc(byteCount),
  })
  const storage = openStorage(location, pace)
  const inspector = createInspector({ metrics, logger })
  const isAllowed = allowing(contentTypes)
  const limits = { maxBytes: maxUploadBytes, bytesPerDay, isAllowed }
  const { scanSecret: secret } = secrets
  const baseUrl = config.http.publicUrl ?? ''
  const scan =
    scanner === undefined || secret === undefined
      ? undefined
      : createVirusScan({ ...scanner, secret, baseUrl, links, storage, post, clock, metrics, logger })
  const complete = createCompleteUpload({ store, storage, inspector, scan, isAllowed, metrics })
  return {
    storage,
    inspector,
    uploads: createUploads({ store, storage, complete, limits, pace, metrics, now: () => clock.now() }),
    resumable: createResumableUploads({ store, parts, storage, complete, pace }),
    downloads: createDownloads({ store, storage, clock }),
    sweep: createMediaSweep({ store, storage, metrics, logger }),
  }
}

function allowing(patterns: readonly string[]): (contentType: string) => boolean {
  if (patterns.length === 0) return () => true
  const kinds = new Set(
    patterns.filter((pattern) => pattern.endsWith('/*')).map((pattern) => pattern.slice(0, -1)),
  )
  const types = new Set(patterns)
  return (contentType) =>
    types.has(contentType) || kinds.has(contentType.slice(0, contentType.indexOf('/') + 1))
}
