import { randomUUID } from 'node:crypto'
import { mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { badInput, notFound, ParleyError, unavailable } from '../errors.ts'
import type { Attachment } from '../events/attachment.ts'
import { type AttachmentId, newAttachmentId, type UserId } from '../ids.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { appendChunks, chunksOf } from './chunk-memory.ts'
import type { CompleteUpload } from './complete-upload.ts'
import type { MediaStorage } from './storage.ts'
import { type AnnouncedFile, parseUpload } from './upload-input.ts'
import type { Pace } from './pace.ts'
import { toAttachment } from './attachments.ts'
import type { UploadStore } from './upload-store.ts'

/** Files on their way to the storage. */
export type Uploads = Readonly<{
  /**
   * Announces a file. Errors: BAD_USER_INPUT – see `parseUpload`; RATE_LIMITED – the user has uploaded too much today.
   */
  create(userId: UserId, input: AnnouncedFile): Promise<Readonly<{ attachment: Attachment; expiresAt: Date }>>
  /**
   * Takes all bytes of a file, inspects and stores them. Resolves once the file can be sent. May be repeated: a file
   * that is complete stays as it is. `byteSize` is what the client says about this request.
   *
   * Errors:
   * - NOT_FOUND – no such upload, or it is deleted.
   * - BAD_USER_INPUT – not as many bytes as announced.
   * - CONFLICT – another request for the same upload has begun meanwhile.
   * - UNAVAILABLE – the storage failed; may be repeated.
   */
  receive(id: AttachmentId, body: Readable, byteSize: number): Promise<void>
}>

export type UploadLimits = Readonly<{
  maxBytes: number
  /** For each user. Infinity: no limit. */
  bytesPerDay: number
  isAllowed(contentType: string): boolean
}>

type Dependencies = Readonly<{
  store: UploadStore
  storage: MediaStorage
  complete: CompleteUpload
  limits: UploadLimits
  pace: Pace
  metrics: Pick<Metrics, 'mediaUploads'>
  now(): number
}>

/** An upload that is not sent within this time is deleted, and its address accepts no bytes any more. */
export const UNSENT_S = 24 * 3_600

/** A user over the limit of the day may try again in an hour. */
const RETRY_AFTER_MS = 3_600_000

/*
 * The bytes of an upload take three steps. A gateway may die in each of them: the row stays incomplete, the client
 * sends the bytes again, to any gateway, and the sweep deletes what was left behind.
 *
 * 1. They arrive in a file of this machine, and are counted on the way.
 * 2. A worker inspects the file. It becomes up to three: the file and two thumbnails.
 * 3. These are stored in a folder of their own, the attempt. Then the row names the attempt. If two requests upload the
 *    same file at the same time, one of them completes the row, and the other deletes its own attempt.
 */
export function createUploads({
  store,
  storage,
  complete,
  limits,
  pace,
  metrics,
  now,
}: Dependencies): Uploads {
  /** The requests whose bytes are arriving. One for each upload, so that the disk holds no more than was announced. */
  const arriving = new Map<AttachmentId, AbortController>()

  async function receive(id: AttachmentId, body: Readable, byteSize: number): Promise<void> {
    const upload = await store.find(id)
    if (upload === undefined || upload.isReleased) throw notFound('Upload')
    if (upload.attempt !== null) return
    if (byteSize !== upload.byteSize) throw wrongLength(upload.byteSize)
    const folder = join(storage.incomingFolder, randomUUID())
    await mkdir(folder, { recursive: true })
    try {
      const path = join(folder, 'received')
      await alone(id, (signal) => save(body, path, upload.byteSize, signal))
      await complete(upload, path, folder)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }

  /** Ends the request before for the same upload: its client has lost the connection, and repeats it. */
  async function alone(id: AttachmentId, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const request = new AbortController()
    arriving.get(id)?.abort()
    arriving.set(id, request)
    const isLast = (): boolean => arriving.get(id) === request
    try {
      await work(request.signal)
    } catch (error) {
      throw isLast() ? error : new ParleyError('CONFLICT', 'Another request uploads this file.')
    } finally {
      if (isLast()) arriving.delete(id)
    }
  }

  async function save(body: Readable, path: string, byteSize: number, signal: AbortSignal): Promise<void> {
    await using file = await open(path, 'wx')
    await appendChunks(file, counted(pace(chunksOf(body, signal)), byteSize))
  }

  return {
    async create(uploaderId, input) {
      const parsed = parseUpload(input, limits)
      const upload = { ...parsed, id: newAttachmentId(), uploaderId, storageKey: randomUUID() }
      if (!(await store.create(upload, limits.bytesPerDay))) throw tooMuch()
      const attachment = toAttachment({ ...upload, ...NOT_INSPECTED })
      return { attachment, expiresAt: new Date(now() + UNSENT_S * 1_000) }
    },
    async receive(id, body, byteSize) {
      try {
        await receive(id, body, byteSize)
        metrics.mediaUploads.inc({ outcome: 'stored' })
      } catch (error) {
        const known =
          error instanceof ParleyError
            ? error
            : unavailable('The file could not be stored. Upload it again.', error)
        metrics.mediaUploads.inc({ outcome: known.code })
        throw known
      }
    },
  }
}

const NOT_INSPECTED = {
  kind: null,
  width: null,
  height: null,
  thumbhash: null,
  hasThumbnails: false,
} as const

/** Rejects a body that is longer than announced as soon as that shows, and a shorter one at its end. */
async function* counted(chunks: AsyncIterable<Buffer>, byteSize: number): AsyncIterable<Buffer> {
  let received = 0
  for await (const chunk of chunks) {
    received += chunk.length
    if (received > byteSize) break
    yield chunk
  }
  if (received !== byteSize) throw wrongLength(byteSize)
}

function wrongLength(byteSize: number): ParleyError {
  return badInput(
    `The file must have the ${byteSize} bytes that were announced. Create another upload for another file.`,
  )
}

function tooMuch(): ParleyError {
  return new ParleyError('RATE_LIMITED', 'You have uploaded too much today. Try again later.', {
    retryAfterMs: RETRY_AFTER_MS,
  })
}
