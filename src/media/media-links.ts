import { createHmac, timingSafeEqual } from 'node:crypto'
import type { AttachmentId, UserId } from '../ids.ts'
import { isAttachmentId, isSubject } from '../ids.ts'

/** The path of all addresses of files. */
export const MEDIA_PATH = '/media/'

/** The longest edge of a thumbnail, in pixels. */
export type ThumbnailEdge = 320 | 1280

/** An address serves the file, or a thumbnail of it. */
export type MediaVariant = 'file' | `${ThumbnailEdge}`

/** An address with a valid signature. */
export type MediaLink =
  | Readonly<{ type: 'download'; id: AttachmentId; variant: MediaVariant; userId: UserId; expiresAt: Date }>
  | Readonly<{ type: 'upload'; id: AttachmentId; expiresAt: Date }>
  | Readonly<{ type: 'scan'; id: AttachmentId; attempt: string; expiresAt: Date }>

/** Makes and reads the signed addresses. They are paths with a query, without the host. */
export type MediaLinks = Readonly<{
  /** The address for one user. It is the same until the window ends, so that caches work. */
  download(id: AttachmentId, variant: MediaVariant, userId: UserId, nowMs: number): string
  /** When an address that is made now expires. */
  expiryAt(nowMs: number): Date
  upload(id: AttachmentId, expiresAt: Date): string
  /** The address at which the virus scanner fetches a file that is not complete yet. */
  scan(id: AttachmentId, attempt: string, expiresAt: Date): string
  /** Returns undefined unless Parley made the address. It may have expired. */
  read(pathAndQuery: string): MediaLink | undefined
}>

/** Addresses are valid for 12 to 24 hours: until the end of the window after the present one. */
const WINDOW_MS = 12 * 3_600_000

const VARIANTS: readonly string[] = ['file', '320', '1280'] satisfies MediaVariant[]

/**
 * An address names its user, because a browser fetches a picture without a token, and each fetch must check that the
 * user may still see the message. `key` is asked for each time: it is known once the gateway has started.
 */
export function createMediaLinks(key: () => Buffer): MediaLinks {
  // 128 bits. The purpose is part of the signed text, so that no address can be used as one of another kind.
  const sign = (...parts: readonly string[]): string =>
    createHmac('sha256', key()).update(JSON.stringify(parts)).digest().subarray(0, 16).toString('base64url')

  const expiryAt = (nowMs: number): Date => new Date((Math.floor(nowMs / WINDOW_MS) + 2) * WINDOW_MS)

  function readDownload(
    [id = '', variant = '']: readonly string[],
    query: URLSearchParams,
  ): MediaLink | undefined {
    const user = query.get('u') ?? ''
    const expires = query.get('e') ?? ''
    if (!isAttachmentId(id) || !VARIANTS.includes(variant)) return undefined
    if (!isSigned(sign('download', id, user, expires), query.get('sig'))) return undefined
    const userId = Buffer.from(user, 'base64url').toString()
    if (!isSubject(userId)) return undefined
    return {
      type: 'download',
      id,
      variant: variant as MediaVariant,
      userId: userId as UserId,
      expiresAt: new Date(Number(expires)),
    }
  }

  function readUpload([, id = '']: readonly string[], query: URLSearchParams): MediaLink | undefined {
    const expires = query.get('e') ?? ''
    if (!isAttachmentId(id) || !isSigned(sign('upload', id, expires), query.get('sig'))) return undefined
    return { type: 'upload', id, expiresAt: new Date(Number(expires)) }
  }

  function readScan([, id = '']: readonly string[], query: URLSearchParams): MediaLink | undefined {
    const [attempt, expires] = [query.get('a') ?? '', query.get('e') ?? '']
    if (!isAttachmentId(id) || !isSigned(sign('scan', id, attempt, expires), query.get('sig')))
      return undefined
    return { type: 'scan', id, attempt, expiresAt: new Date(Number(expires)) }
  }

  return {
    expiryAt,
    download(id, variant, userId, nowMs) {
      const user = Buffer.from(userId).toString('base64url')
      const expires = String(expiryAt(nowMs).getTime())
      const signature = sign('download', id, user, expires)
      return `${MEDIA_PATH}${id}/${variant}?u=${user}&e=${expires}&sig=${signature}`
    },
    upload(id, expiresAt) {
      const expires = String(expiresAt.getTime())
      return `${MEDIA_PATH}upload/${id}?e=${expires}&sig=${sign('upload', id, expires)}`
    },
    scan(id, attempt, expiresAt) {
      const expires = String(expiresAt.getTime())
      const signature = sign('scan', id, attempt, expires)
      return `${MEDIA_PATH}scan/${id}?a=${attempt}&e=${expires}&sig=${signature}`
    },
    read(pathAndQuery) {
      const [path = '', query = ''] = pathAndQuery.split('?', 2)
      if (!path.startsWith(MEDIA_PATH)) return undefined
      const parts = path.slice(MEDIA_PATH.length).split('/')
      if (parts.length !== 2) return undefined
      const parameters = new URLSearchParams(query)
      if (parts[0] === 'upload') return readUpload(parts, parameters)
      if (parts[0] === 'scan') return readScan(parts, parameters)
      return readDownload(parts, parameters)
    },
  }
}

function isSigned(expected: string, given: string | null): boolean {
  const [a, b] = [Buffer.from(expected), Buffer.from(given ?? '')]
  return a.length === b.length && timingSafeEqual(a, b)
}
