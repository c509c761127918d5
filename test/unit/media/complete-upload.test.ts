import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { newAttachmentId, type UserId } from '../../../src/ids.ts'
import { createCompleteUpload } from '../../../src/media/complete-upload.ts'
import { createLocalStorage } from '../../../src/media/local-storage.ts'
import type { Inspector } from '../../../src/media/inspector.ts'
import type { Upload } from '../../../src/media/upload-store.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'

const NOT_INSPECTED = { attempt: null, kind: null, width: null, height: null, thumbhash: null } as const

function announced(): Upload {
  return {
    ...NOT_INSPECTED,
    id: newAttachmentId(),
    uploaderId: 'user_alice' as UserId,
    storageKey: crypto.randomUUID(),
    fileName: 'notes.txt',
    altText: null,
    contentType: 'text/plain',
    byteSize: 5,
    hasThumbnails: false,
    chatId: null,
    messageSeq: null,
    isReleased: false,
  }
}

/** Attempts to complete uploads, whose inspections end when `release` is called. */
async function startAttempts() {
  const root = await mkdtemp(join(tmpdir(), 'parley-complete-'))
  onTestFinished(() => rm(root, { recursive: true }))
  const released = Promise.withResolvers<void>()
  const inspected: string[] = []
  const inspect: Inspector['inspect'] = async ({ path, fileName, byteSize }) => {
    inspected.push(path)
    await released.promise
    return {
      ...NOT_INSPECTED,
      kind: 'FILE',
      contentType: 'text/plain',
      hasThumbnails: false,
      fileName,
      byteSize,
    }
  }
  const completed: string[] = []
  const complete = createCompleteUpload({
    store: { complete: async (id) => completed.push(id) > 0, release: async () => undefined },
    storage: createLocalStorage(join(root, 'media'), (bytes) => bytes),
    inspector: { inspect, start: () => undefined, close: async () => undefined },
    scan: undefined,
    isAllowed: () => true,
    metrics: createMetrics(),
  })
  return {
    inspected,
    completed,
    release: released.resolve,
    /** Each request collects its bytes in a folder of its own. */
    attempt: async (upload: Upload) => {
      const folder = await mkdtemp(join(root, 'attempt-'))
      const path = join(folder, 'received')
      await writeFile(path, 'bytes')
      return { result: complete(upload, path, folder) }
    },
  }
}

test('requests that repeat an upload while it is inspected have its result, and other uploads their own', async () => {
  const { inspected, completed, release, attempt } = await startAttempts()
  const [upload, other] = [announced(), announced()]
  const attempts = []
  for (const each of [upload, upload, upload, other]) attempts.push(await attempt(each))
  expect(inspected).toHaveLength(2)
  release()
  await Promise.all(attempts.map(({ result }) => result))
  expect(completed.toSorted()).toEqual([upload.id, other.id].toSorted())
  await (
    await attempt(upload)
  ).result
  expect(inspected).toHaveLength(3)
})
