import { loadConfig } from '../../config/load-config.ts'
import { checkMedia, removeLeftover } from '../../media/check-media.ts'
import { openStorage } from '../../media/open-storage.ts'
import type { MediaStorage } from '../../media/storage.ts'
import { createUploadRecords, type UploadRecords } from '../../media/upload-records.ts'
import { countOf } from '../../backup/progress.ts'
import type { Process, RunCommand } from '../process.ts'
import { openOperatorDatabase } from './operator-database.ts'
import { stoppable } from './stoppable.ts'
import { withDatabase } from './with-database.ts'

/** Compares the database with the storage, both ways. Exit code 1 if files are missing, or others are left over. */
export const checkFiles: RunCommand<Readonly<{ fix: boolean }>> = async (process, { fix }) => {
  const consequence = fix ? 'Some of the files may be removed.' : 'Nothing was changed.'
  const { uploads, objects, missing, leftover } = await stoppable(process, consequence, async (signal) => {
    await using database = await openOperatorDatabase({ env: process.env, signal, needs: 'existing' })
    return await withMedia(process, database.url, async (store, storage) => {
      const found = await checkMedia({ store, storage, nowMs: Date.now() })
      if (fix) await removeLeftover(storage, found)
      return found
    })
  })
  for (const name of missing) process.print(`missing: ${name}`)
  for (const name of leftover) process.print(`${fix ? 'removed' : 'left over'}: ${name}`)
  process.print(
    `Compared ${countOf(uploads, 'upload')} with ${countOf(objects, 'object')}: ${missing.length} missing, ` +
      `${leftover.length} left over${fix ? ' and removed' : ''}.`,
  )
  return missing.length > 0 || (leftover.length > 0 && !fix) ? 1 : 0
}

/** Opens the storage that the environment names, and the uploads of a database. */
export async function withMedia<Result>(
  process: Pick<Process, 'env'>,
  databaseUrl: string,
  work: (records: UploadRecords, storage: MediaStorage) => Promise<Result>,
): Promise<Result> {
  return withStorage(process, (storage) =>
    withDatabase(databaseUrl, (database) => work(createUploadRecords(database), storage)),
  )
}

/** Opens the storage that the environment names. */
export async function withStorage<Result>(
  { env }: Pick<Process, 'env'>,
  work: (storage: MediaStorage) => Promise<Result>,
): Promise<Result> {
  const { media } = loadConfig(env).config
  if (media === undefined) throw new Error('Uploads are off. Set MEDIA_URL to where the files are kept.')
  const storage = openStorage(media.location)
  try {
    return await work(storage)
  } finally {
    await storage.close()
  }
}
