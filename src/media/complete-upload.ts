import { randomUUID } from 'node:crypto'
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { badInput, forbidden, unavailable } from '../errors.ts'
import type { AttachmentId } from '../ids.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { THUMBNAIL_EDGES } from './inspect-image.ts'
import type { Inspector } from './inspector.ts'
import type { MediaStorage } from './storage.ts'
import type { Inspected, Upload, UploadStore } from './upload-store.ts'
import type { VirusScan } from './virus-scan.ts'

/**
 * Inspects and stores the bytes of an upload, which are all at `path` in `folder`. Resolves once it can be sent.
 * Changes nothing if another attempt was first. While one runs at this gateway, others for the same upload take its
 * result: a client that repeats an upload must not have it inspected each time.
 *
 * Errors:
 * - BAD_USER_INPUT – the content is of a type that is not allowed.
 * - FORBIDDEN – the file is infected; it is deleted.
 * - UNAVAILABLE – too many files wait, or the file could not be scanned.
 */
export type CompleteUpload = (upload: Upload, path: string, folder: string) => Promise<void>

type Dependencies = Readonly<{
  store: Pick<UploadStore, 'complete' | 'release'>
  storage: MediaStorage
  inspector: Inspector
  /** Undefined: files are not scanned. */
  scan: VirusScan | undefined
  isAllowed(contentType: string): boolean
  metrics: Pick<Metrics, 'mediaUploadBytes' | 'mediaInspectionSeconds'>
}>

export function createCompleteUpload(dependencies: Dependencies): CompleteUpload {
  const { store, storage, inspector, scan, isAllowed, metrics } = dependencies

  /** Scans the stored file. Unless it is clean, its objects are removed, and it throws. */
  async function requireClean(upload: Upload, attempt: string, inspected: Inspected): Promise<void> {
    const verdict = (await scan?.check(upload, attempt, inspected)) ?? 'clean'
    if (verdict === 'clean') return
    await storage.remove(`${upload.storageKey}/${attempt}`)
    if (verdict === 'unknown') throw unavailable('The file could not be scanned. Upload it again.')
    // The sweep deletes what else the upload has stored.
    await store.release(upload.id)
    throw forbidden('The file is infected and was deleted.')
  }

  async function complete(upload: Upload, path: string, folder: string): Promise<void> {
    const { id, storageKey, fileName, contentType: declaredType, byteSize } = upload
    const stopTimer = metrics.mediaInspectionSeconds.startTimer()
    const inspected = await inspector.inspect({ path, folder, fileName, declaredType, byteSize })
    stopTimer()
    if (!isAllowed(inspected.contentType)) {
      throw badInput(`The file is of the type ${inspected.contentType}, which is not allowed on this server`)
    }
    if (inspected.kind !== 'IMAGE') await rename(path, join(folder, 'file'))
    const attempt = randomUUID()
    const files = ['file', ...(inspected.hasThumbnails ? THUMBNAIL_EDGES.map(String) : [])]
    for (const file of files) await storage.put(`${storageKey}/${attempt}/${file}`, join(folder, file))
    await requireClean(upload, attempt, inspected)
    if (!(await store.complete(id, attempt, inspected))) await storage.remove(`${storageKey}/${attempt}`)
    metrics.mediaUploadBytes.inc(inspected.byteSize)
  }

  const running = new Map<AttachmentId, Promise<void>>()

  return (upload, path, folder) => {
    const { id } = upload
    const result = running.get(id) ?? complete(upload, path, folder).finally(() => running.delete(id))
    running.set(id, result)
    return result
  }
}
