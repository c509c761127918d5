import { randomUUID } from 'node:crypto'
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { badInput, notFound, ParleyError } from '../errors.ts'
import type { AttachmentId } from '../ids.ts'
import { appendChunks, chunksOf, free } from './chunk-memory.ts'
import type { CompleteUpload } from './complete-upload.ts'
import type { PartStore, UploadPart } from './part-store.ts'
import type { Pace } from './pace.ts'
import type { MediaStorage } from './storage.ts'
import type { Upload, UploadStore } from './upload-store.ts'

/** Uploads that continue on any gateway after a lost connection. */
export type ResumableUploads = Readonly<{
  /** Returns how many bytes have arrived. Errors: NOT_FOUND – no such upload, or it is deleted. */
  progress(id: AttachmentId): Promise<Readonly<{ byteSize: number; received: number }>>
  /**
   * Stores the bytes that follow on the first `offset` ones, as far as the stream goes. Resolves with how many have
   * arrived then. If the stream fails, the bytes before that are kept.
   *
   * Errors:
   * - CONFLICT – another request continued the upload meanwhile.
   * - BAD_USER_INPUT – the upload has arrived in too many parts.
   */
  append(id: AttachmentId, bytes: Readable, offset: number): Promise<number>
  /** Completes the upload if all bytes have arrived and it is not complete yet. May be repeated. */
  finish(id: AttachmentId): Promise<void>
}>

type Dependencies = Readonly<{
  store: Pick<UploadStore, 'find'>
  parts: PartStore
  storage: MediaStorage
  complete: CompleteUpload
  pace: Pace
  /** The size of a part. If a gateway is killed, at most so many bytes of a request are lost. Default: 4 MiB. */
  partBytes?: number
}>

const PART_BYTES = 4 * 1024 * 1024

/** Parts that are not full, one for each lost connection. A request of one byte costs as much as one of a megabyte. */
const MAX_SMALL_PARTS = 1_000

/*
 * The bytes of a request are cut into parts. Each is stored as an object as soon as it is full, and then recorded, so
 * that another gateway can continue after it. The first part that is recorded for a byte counts: of two requests that
 * continue at the same byte, one fails. So does a request whose upload was deleted meanwhile: nothing would delete its
 * parts. When the last byte has arrived, the parts are put together, inspected and stored like the bytes of a single
 * request.
 */
export function createResumableUploads(dependencies: Dependencies): ResumableUploads {
  const { store, parts, storage, complete, pace, partBytes = PART_BYTES } = dependencies

  async function find(id: AttachmentId): Promise<Upload> {
    const upload = await store.find(id)
    if (upload === undefined || upload.isReleased) throw notFound('Upload')
    return upload
  }

  async function storePart(
    { id, storageKey }: Upload,
    file: string,
    startByte: number,
    byteCount: number,
  ): Promise<void> {
    const folder = randomUUID()
    await storage.put(`${storageKey}/${folder}/part`, file)
    if (await parts.add(id, { startByte, byteCount, folder })) return
    await storage.remove(`${storageKey}/${folder}`)
    throw new ParleyError('CONFLICT', 'Another request continued this upload. Ask for its offset, and go on.')
  }

  /** Fills one file after the other, and stores each when it is full, or the stream has ended or failed. */
  async function storeParts(upload: Upload, bytes: Readable, offset: number): Promise<number> {
    await mkdir(storage.incomingFolder, { recursive: true })
    let start = offset
    let part: OpenPart | undefined
    const flush = async (): Promise<void> => {
      if (part === undefined) return
      const { file, byteCount } = part
      await part.handle.close()
      part = undefined
      await storePart(upload, file, start, byteCount)
      start += byteCount
    }
    try {
      for await (const chunk of pace(chunksOf(bytes))) {
        let rest = chunk
        while (rest.length > 0) {
          part ??= await openPart(storage.incomingFolder)
          const taken = rest.subarray(0, partBytes - part.byteCount)
          await part.handle.appendFile(taken)
          part.byteCount += taken.length
          rest = rest.subarray(taken.length)
          if (part.byteCount === partBytes) await flush()
        }
        free(chunk)
      }
    } finally {
      await flush()
    }
    return start
  }

  async function gather({ storageKey }: Upload, all: readonly UploadPart[], path: string): Promise<void> {
    await using file = await open(path, 'wx')
    for (const { folder } of all) await appendChunks(file, await storage.read(`${storageKey}/${folder}/part`))
  }

  async function putTogether(upload: Upload, all: readonly UploadPart[]): Promise<void> {
    const folder = join(storage.incomingFolder, randomUUID())
    await mkdir(folder, { recursive: true })
    try {
      const path = join(folder, 'received')
      await gather(upload, all, path)
      await complete(upload, path, folder)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }

  return {
    async progress(id) {
      const { byteSize, attempt } = await find(id)
      return { byteSize, received: attempt === null ? receivedIn(await parts.list(id)) : byteSize }
    },
    async append(id, bytes, offset) {
      const upload = await find(id)
      const maxParts = MAX_SMALL_PARTS + Math.floor(upload.byteSize / partBytes)
      if ((await parts.list(id)).length >= maxParts)
        throw badInput('The file has arrived in too many pieces. Send all of it with one PUT.')
      return storeParts(upload, bytes, offset)
    },
    async finish(id) {
      const upload = await find(id)
      const all = await parts.list(id)
      if (upload.attempt === null) {
        if (receivedIn(all) < upload.byteSize) return
        await putTogether(upload, all)
      }
      for (const { folder } of all) await storage.remove(`${upload.storageKey}/${folder}`)
      await parts.remove(id)
    },
  }
}

type OpenPart = { readonly file: string; readonly handle: FileHandle; byteCount: number }

async function openPart(folder: string): Promise<OpenPart> {
  const file = join(folder, randomUUID())
  return { file, handle: await open(file, 'wx'), byteCount: 0 }
}

/** Parts follow each other without a gap, because each begins where the recorded ones end. */
function receivedIn(parts: readonly UploadPart[]): number {
  return parts.reduce((sum, { byteCount }) => sum + byteCount, 0)
}
