import type { Readable } from 'node:stream'
import { forbidden, notFound } from '../errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { MediaLink } from './media-links.ts'
import type { ByteRange, MediaStorage } from './storage.ts'
import { UNKNOWN_TYPE } from './file-kind.ts'
import type { FileAccess, UploadStore } from './upload-store.ts'

/** A file that a user may fetch. */
export type Download = Readonly<{
  contentType: string
  /** The value of Content-Disposition. */
  disposition: string
  /** Differs from that of any other file. The content under it never changes. */
  etag: string
  byteSize: number
  /** Errors: NOT_FOUND – the storage has lost it. */
  read(range?: ByteRange): Promise<Readable>
  /** Where the storage serves the file itself, for a minute. Undefined: only this gateway can. */
  directUrl(): Promise<string | undefined>
}>

export type Downloads = Readonly<{
  /**
   * Finds the file of an address.
   *
   * Errors:
   * - FORBIDDEN – the address has expired; its user may not see the message, or the message has expired.
   * - NOT_FOUND – the file is deleted, not uploaded yet, or has no thumbnail.
   */
  open(link: Extract<MediaLink, { type: 'download' }>): Promise<Download>
  /** Finds a file that is being scanned. Errors: FORBIDDEN – the address has expired; NOT_FOUND – it is deleted. */
  openForScan(link: Extract<MediaLink, { type: 'scan' }>): Promise<Download>
}>

type Dependencies = Readonly<{ store: UploadStore; storage: MediaStorage; clock: Clock }>

export function createDownloads({ store, storage, clock }: Dependencies): Downloads {
  async function read(name: string, range: ByteRange | undefined): Promise<Readable> {
    try {
      return await storage.read(name, range)
    } catch (error) {
      if ((await storage.sizeOf(name)) === undefined) throw notFound('File')
      throw error
    }
  }

  return {
    async open({ id, variant, userId, expiresAt }) {
      if (expiresAt.getTime() <= clock.now())
        throw forbidden('The address has expired. Query the attachment again.')
      const file = await store.access(id, userId)
      if (file === undefined || file.isReleased || file.attempt === null) throw notFound('File')
      if (!mayFetch(file)) throw forbidden('You may not see this file any more')
      const isThumbnail = variant !== 'file'
      if (isThumbnail && !file.hasThumbnails) throw notFound('Thumbnail')
      const name = `${file.storageKey}/${file.attempt}/${variant}`
      const byteSize = isThumbnail ? await storage.sizeOf(name) : file.byteSize
      if (byteSize === undefined) throw notFound('File')
      const headers = isThumbnail
        ? { contentType: 'image/webp', disposition: 'inline' }
        : { contentType: servedType(file), disposition: dispositionOf(file) }
      return {
        ...headers,
        etag: `"${file.attempt}-${variant}"`,
        byteSize,
        read: (range) => read(name, range),
        directUrl: () => storage.directUrl(name, headers),
      }
    },
    async openForScan({ id, attempt, expiresAt }) {
      if (expiresAt.getTime() <= clock.now()) throw forbidden('The address has expired')
      const upload = await store.find(id)
      const name = `${upload?.storageKey}/${attempt}/file`
      const byteSize = upload === undefined || upload.isReleased ? undefined : await storage.sizeOf(name)
      if (byteSize === undefined) throw notFound('File')
      return {
        contentType: UNKNOWN_TYPE,
        disposition: 'attachment',
        etag: `"${attempt}"`,
        byteSize,
        read: (range) => read(name, range),
        directUrl: async () => undefined,
      }
    },
  }
}

function mayFetch({ chatId, isUploader, isVisible, isExpired }: FileAccess): boolean {
  return chatId === null ? isUploader : isVisible && !isExpired
}

/** A browser must not open a download, whatever it is called. */
function servedType({ kind, contentType }: FileAccess): string {
  return kind === 'FILE' ? UNKNOWN_TYPE : contentType
}

/** RFC 6266: the name in ASCII for old clients, and in UTF-8. */
function dispositionOf({ kind, fileName }: FileAccess): string {
  const plain = fileName.replaceAll(/[^\x20-\x7E]|["\\%]/g, '_')
  const encoded = encodeURIComponent(fileName).replaceAll(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16)}`,
  )
  return `${kind === 'FILE' ? 'attachment' : 'inline'}; filename="${plain}"; filename*=UTF-8''${encoded}`
}
