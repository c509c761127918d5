import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { newAttachmentId } from '../../../src/ids.ts'
import { checkMedia } from '../../../src/media/check-media.ts'
import { copyMediaOut } from '../../../src/media/media-backup.ts'
import { openStorage } from '../../../src/media/open-storage.ts'
import type { UploadRecords } from '../../../src/media/upload-records.ts'
import type { Upload } from '../../../src/media/upload-store.ts'

test('a file that is deleted during a check or a backup is not missing, and another one is', async () => {
  await using resources = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'parley-check-'))
  resources.defer(() => rm(folder, { recursive: true, force: true }))
  const storage = openStorage({ type: 'file', folder: join(folder, 'media') })

  const [lost, released, forgotten] = ['lost', 'released', 'forgotten'].map((storageKey) => {
    return { id: newAttachmentId(), storageKey, attempt: 'attempt', hasThumbnails: false }
  }) as [Stored, Stored, Stored]
  const rows = new Map([
    [lost.id, { ...lost, isReleased: false }],
    [released.id, { ...released, isReleased: true }],
  ])
  const store: UploadRecords = {
    stored: async () => [lost, released, forgotten],
    known: async () => [],
    find: async (id) => rows.get(id) as Upload | undefined,
  }

  const missing = ['lost/attempt/file']
  expect(await checkMedia({ store, storage, nowMs: 0 })).toMatchObject({ uploads: 3, missing })
  const { signal } = new AbortController()
  const copied = await copyMediaOut({ store, storage, folder: join(folder, 'backup'), signal })
  expect(copied).toEqual({ files: 0, missing })
})

type Stored = Awaited<ReturnType<UploadRecords['stored']>>[number]
