import type { AttachmentId } from '../ids.ts'
import { THUMBNAIL_EDGES } from './inspect-image.ts'
import type { StoredUpload, UploadStore } from './upload-store.ts'

/** Returns the names of the objects that an upload has. */
export function objectNamesOf({
  storageKey,
  attempt,
  hasThumbnails,
}: Omit<StoredUpload, 'id'>): readonly string[] {
  const files = ['file', ...(hasThumbnails ? THUMBNAIL_EDGES.map(String) : [])]
  return files.map((file) => `${storageKey}/${attempt}/${file}`)
}

const PAGE = 500

/** Yields all uploads with files, page by page. */
export async function* storedUploads(store: Pick<UploadStore, 'stored'>): AsyncIterable<StoredUpload> {
  for (let page = await store.stored(undefined, PAGE); ; page = await store.stored(page.at(-1)?.id, PAGE)) {
    yield* page
    if (page.length < PAGE) return
  }
}

/** Whether an upload that was read a while ago still needs its objects: its message may have been deleted meanwhile. */
export async function isStillStored(store: Pick<UploadStore, 'find'>, id: AttachmentId): Promise<boolean> {
  const upload = await store.find(id)
  return upload !== undefined && !upload.isReleased
}
