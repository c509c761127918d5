import type { Attachment } from '../api.ts'
import { ParleyError } from '../errors.ts'
import { altTextOf } from './alt-text.ts'

/** The most files of one message, as every server has it. */
const MAX_FILES = 10
const MAX_NAME = 255
/** Pictures that the server shows. Others, such as SVG, become downloads. */
const PICTURES = /^image\/(jpeg|png|webp|gif|avif)$/

/** Addresses of this device do not expire. */
const NEVER = '9999-12-31T23:59:59.000Z'

/** Throws a `ParleyError` if no server would take these files. */
export function checkFiles(files: readonly Blob[]): void {
  if (files.length > MAX_FILES)
    throw new ParleyError('BAD_USER_INPUT', `A message has at most ${MAX_FILES} files.`)
  const empty = files.find(({ size }) => size === 0)
  if (empty !== undefined) throw new ParleyError('FILE_EMPTY', `${nameOf(empty)} is empty.`)
}

/** Describes a file that is on this device only. Its addresses follow once it is shown. */
export async function describe(file: Blob, id: string): Promise<Attachment> {
  const contentType = file.type.split(';')[0]?.trim() || 'application/octet-stream'
  const kind = kindOf(contentType)
  const size = kind === 'IMAGE' ? await sizeOf(file) : undefined
  return {
    id,
    kind,
    fileName: nameOf(file),
    altText: altTextOf(file) || null,
    contentType,
    byteSize: file.size,
    width: size?.width ?? null,
    height: size?.height ?? null,
    thumbhash: null,
    url: '',
    thumbnailUrl: null,
    largeThumbnailUrl: null,
    urlExpiresAt: NEVER,
  }
}

/** The same attachment, with the address of its bytes on this device. */
export function withUrl(attachment: Attachment, url: string): Attachment {
  const thumbnail = attachment.kind === 'IMAGE' ? url : null
  return { ...attachment, url, thumbnailUrl: thumbnail, largeThumbnailUrl: thumbnail }
}

function kindOf(contentType: string): Attachment['kind'] {
  if (PICTURES.test(contentType)) return 'IMAGE'
  if (contentType.startsWith('audio/')) return 'AUDIO'
  return contentType.startsWith('video/') ? 'VIDEO' : 'FILE'
}

/** Without what the server rejects: paths, control characters and halves of characters. */
function nameOf(file: Blob): string {
  const { name } = file as Partial<File>
  const clean = (name ?? '').slice(0, MAX_NAME).replaceAll(/[\p{Cc}\p{Cs}/\\]/gu, '_')
  if (!/^\.*\s*$/.test(clean)) return clean
  const [, subtype = 'bin'] = /^[a-z]+\/([a-z0-9]+)/.exec(file.type) ?? []
  return `file.${subtype}`
}

/** The size as it is shown, so that nothing moves once the picture is there. Undefined outside of browsers. */
async function sizeOf(file: Blob): Promise<Readonly<{ width: number; height: number }> | undefined> {
  try {
    const bitmap = await createImageBitmap(file)
    const { width, height } = bitmap
    bitmap.close()
    return { width, height }
  } catch {
    return undefined
  }
}
