import { posix } from 'node:path'
import type { MediaStorage, StoredObject } from './storage.ts'
import { isStillStored, objectNamesOf, storedUploads } from './stored-names.ts'
import type { UploadStore } from './upload-store.ts'

/** The differences between the database and the storage. */
export type MediaCheck = Readonly<{
  uploads: number
  objects: number
  /** Objects that an upload needs and the storage lacks. Their files cannot be opened. */
  missing: readonly string[]
  /** Objects that no upload needs. */
  leftover: readonly string[]
  /** The folders to remove, with everything in them, so that nothing is left over. */
  leftoverFolders: readonly string[]
}>

type Dependencies = Readonly<{
  store: Pick<UploadStore, 'stored' | 'known' | 'find'>
  storage: MediaStorage
  /** Milliseconds since 1970. */
  nowMs: number
}>

const PAGE = 500

/** An attempt that began earlier than this has ended, or its gateway has died. */
const ATTEMPT_MS = 26 * 3_600_000

/**
 * Compares both ways, while gateways run. A row is there before the first object of its upload, and stays until the
 * last is deleted. So an object whose row is not found after it was listed belongs to no upload. Objects of another
 * attempt than the row names may be just arriving, so they count as left over only when they are old.
 */
export async function checkMedia({ store, storage, nowMs }: Dependencies): Promise<MediaCheck> {
  const leftover: string[] = []
  const leftoverFolders = new Set<string>()
  let objects = 0
  for await (const page of pagesOf(storage.list())) {
    objects += page.length
    for (const { name, folder } of await leftoverOf(page, store, nowMs)) {
      leftover.push(name)
      leftoverFolders.add(folder)
    }
  }
  const missing: string[] = []
  let uploads = 0
  for await (const upload of storedUploads(store)) {
    uploads += 1
    const lacking: string[] = []
    for (const name of objectNamesOf(upload)) {
      if ((await storage.sizeOf(name)) === undefined) lacking.push(name)
    }
    if (lacking.length > 0 && (await isStillStored(store, upload.id))) missing.push(...lacking)
  }
  return { uploads, objects, missing, leftover, leftoverFolders: [...leftoverFolders] }
}

/** Removes what no upload needs. */
export async function removeLeftover(
  storage: MediaStorage,
  { leftoverFolders }: Pick<MediaCheck, 'leftoverFolders'>,
): Promise<void> {
  for (const folder of leftoverFolders) await storage.remove(folder)
}

async function leftoverOf(
  page: readonly StoredObject[],
  store: Dependencies['store'],
  nowMs: number,
): Promise<readonly Readonly<{ name: string; folder: string }>[]> {
  const folders = [...new Set(page.map(({ name }) => folderOf(name)))].filter(isUuid)
  const attempts = new Map(
    (await store.known(folders)).map(({ storageKey, attempt }) => [storageKey, attempt]),
  )
  /** Returns undefined if an upload needs the object, or may need it. */
  const leftoverFolder = ({ name, modifiedAt }: StoredObject): string | undefined => {
    const folder = folderOf(name)
    if (!isUuid(folder)) return undefined
    const attempt = attempts.get(folder)
    if (attempt === undefined) return folder
    const isOld = nowMs - modifiedAt.getTime() > ATTEMPT_MS
    return !name.startsWith(`${folder}/${attempt}/`) && isOld ? posix.dirname(name) : undefined
  }
  return page.flatMap((object) => {
    const folder = leftoverFolder(object)
    return folder === undefined ? [] : [{ name: object.name, folder }]
  })
}

function folderOf(name: string): string {
  return name.split('/', 1)[0] ?? name
}

/** Other programs may keep objects beside those of Parley, which are none of its business. */
function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)
}

async function* pagesOf<Item>(items: AsyncIterable<Item>): AsyncIterable<readonly Item[]> {
  let page: Item[] = []
  for await (const item of items) {
    page.push(item)
    if (page.length < PAGE) continue
    yield page
    page = []
  }
  yield page
}
