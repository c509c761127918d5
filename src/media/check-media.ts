import type { MediaStorage, StoredObject } from './storage.ts'
import { objectNamesOf, storedUploads } from './stored-names.ts'
import type { UploadStore } from './upload-store.ts'

/** The differences between the database and the storage. */
export type MediaCheck = Readonly<{
  uploads: number
  objects: number
  /** Objects that an upload needs and the storage lacks. Their files cannot be opened. */
  missing: readonly string[]
  /** Objects that no upload needs. */
  leftover: readonly string[]
}>

type Dependencies = Readonly<{
  store: Pick<UploadStore, 'stored' | 'known'>
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
  let objects = 0
  for await (const page of pagesOf(storage.list())) {
    objects += page.length
    leftover.push(...(await leftoverOf(page, store, nowMs)))
  }
  const missing: string[] = []
  let uploads = 0
  for await (const upload of storedUploads(store)) {
    uploads += 1
    for (const name of objectNamesOf(upload)) {
      if ((await storage.sizeOf(name)) === undefined) missing.push(name)
    }
  }
  return { uploads, objects, missing, leftover }
}

/** Removes what no upload needs. */
export async function removeLeftover(storage: MediaStorage, leftover: readonly string[]): Promise<void> {
  for (const folder of new Set(leftover.map((name) => name.split('/').slice(0, -1).join('/')))) {
    await storage.remove(folder)
  }
}

async function leftoverOf(
  page: readonly StoredObject[],
  store: Dependencies['store'],
  nowMs: number,
): Promise<readonly string[]> {
  const folders = [...new Set(page.map(({ name }) => folderOf(name)))].filter(isUuid)
  const attempts = new Map(
    (await store.known(folders)).map(({ storageKey, attempt }) => [storageKey, attempt]),
  )
  const isLeftover = ({ name, modifiedAt }: StoredObject): boolean => {
    if (!isUuid(folderOf(name))) return false
    const attempt = attempts.get(folderOf(name))
    if (attempt === undefined) return true
    return !name.startsWith(`${folderOf(name)}/${attempt}/`) && nowMs - modifiedAt.getTime() > ATTEMPT_MS
  }
  return page.filter(isLeftover).map(({ name }) => name)
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
