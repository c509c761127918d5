import { createHash, randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import * as z from 'zod'
import type { MediaStorage } from './storage.ts'
import { ifThere } from './incoming-folder.ts'
import { isStillStored, objectNamesOf, storedUploads } from './stored-names.ts'
import type { UploadStore } from './upload-store.ts'

const INDEX = 'index.json'

const NAME = /^[0-9a-f-]{36}\/[0-9a-f-]{36}\/(file|320|1280)$/
const indexSchema = z.array(z.object({ name: z.string().regex(NAME), sha256: z.string() })).readonly()

/** The files of a backup. */
export type MediaCopy = Readonly<{
  files: number
  /** Objects that the storage did not have. */
  missing: readonly string[]
}>

type CopyOptions = Readonly<{ storage: MediaStorage; folder: string; signal: AbortSignal }>

/**
 * Copies the objects of all uploads into a folder. Call it after the database was copied: then every file that the copy
 * of the database names is there, unless it was deleted since. The index is written last, so that an interrupted copy
 * has none.
 */
export async function copyMediaOut({
  store,
  storage,
  folder,
  signal,
}: CopyOptions & Readonly<{ store: Pick<UploadStore, 'stored' | 'find'> }>): Promise<MediaCopy> {
  const index: z.infer<typeof indexSchema>[number][] = []
  const missing: string[] = []
  for await (const upload of storedUploads(store)) {
    const lacking: string[] = []
    for (const name of objectNamesOf(upload)) {
      signal.throwIfAborted()
      const sha256 = await copyOne(storage, name, join(folder, name))
      if (sha256 === undefined) lacking.push(name)
      else index.push({ name, sha256 })
    }
    if (lacking.length > 0 && (await isStillStored(store, upload.id))) missing.push(...lacking)
  }
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await writeFile(join(folder, INDEX), JSON.stringify(index), { mode: 0o600, flush: true })
  return { files: index.length, missing }
}

/** Resolves with undefined if the storage does not have the object. */
async function copyOne(storage: MediaStorage, name: string, path: string): Promise<string | undefined> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  try {
    await pipeline(await storage.read(name), createWriteStream(path, { mode: 0o600, flush: true }))
  } catch (error) {
    if ((await storage.sizeOf(name)) === undefined) return undefined
    throw error
  }
  return digestOf(path)
}

/** Puts the files of a backup into a storage. Rejects if there are none, or one is damaged; nothing was stored then. */
export async function copyMediaIn({ storage, folder, signal }: CopyOptions): Promise<MediaCopy> {
  const text = await ifThere(readFile(join(folder, INDEX), 'utf8'))
  if (text === undefined) throw new Error('The backup has no files of messages. Restore it without --media.')
  const index = indexSchema.parse(JSON.parse(text))
  for (const { name, sha256 } of index) {
    signal.throwIfAborted()
    if ((await digestOf(join(folder, name))) !== sha256)
      throw new Error(`The file ${name} of the backup is damaged.`)
  }
  await mkdir(storage.incomingFolder, { recursive: true })
  for (const { name } of index) {
    signal.throwIfAborted()
    const file = join(storage.incomingFolder, randomUUID())
    await copyFile(join(folder, name), file)
    await storage.put(name, file)
  }
  return { files: index.length, missing: [] }
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}
