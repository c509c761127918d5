import type { AttachmentKind } from '../events/attachment.ts'

/** How a file is presented, and its media type. */
export type FileKind = Readonly<{ kind: AttachmentKind; contentType: string }>

/** The type of a file whose content says nothing about it. */
export const UNKNOWN_TYPE = 'application/octet-stream'

/** Images that browsers show, and that are encoded again. */
export const IMAGE_TYPES: ReadonlySet<string> = new Set([
  'image/jpeg',
  'image/png',
  'image/apng',
  'image/webp',
  'image/gif',
  'image/avif',
])

/** Sounds and films that browsers play, by the type that the content shows. */
const PLAYED: Readonly<Record<string, Readonly<{ kind: 'AUDIO' | 'VIDEO'; contentType: string }>>> = {
  'audio/mpeg': { kind: 'AUDIO', contentType: 'audio/mpeg' },
  'audio/x-m4a': { kind: 'AUDIO', contentType: 'audio/mp4' },
  'audio/mp4': { kind: 'AUDIO', contentType: 'audio/mp4' },
  'audio/aac': { kind: 'AUDIO', contentType: 'audio/aac' },
  'audio/wav': { kind: 'AUDIO', contentType: 'audio/wav' },
  'audio/vnd.wave': { kind: 'AUDIO', contentType: 'audio/wav' },
  'audio/flac': { kind: 'AUDIO', contentType: 'audio/flac' },
  'audio/x-flac': { kind: 'AUDIO', contentType: 'audio/flac' },
  'audio/ogg': { kind: 'AUDIO', contentType: 'audio/ogg' },
  'audio/opus': { kind: 'AUDIO', contentType: 'audio/ogg' },
  'audio/webm': { kind: 'AUDIO', contentType: 'audio/webm' },
  'video/mp4': { kind: 'VIDEO', contentType: 'video/mp4' },
  'video/x-m4v': { kind: 'VIDEO', contentType: 'video/mp4' },
  'video/quicktime': { kind: 'VIDEO', contentType: 'video/quicktime' },
  'video/webm': { kind: 'VIDEO', contentType: 'video/webm' },
  'video/ogg': { kind: 'VIDEO', contentType: 'video/ogg' },
}

/** A container holds sounds as well as films, and only the uploader says which. */
const RECORDINGS: Readonly<Record<string, string>> = {
  'video/mp4': 'audio/mp4',
  'video/webm': 'audio/webm',
  'video/ogg': 'audio/ogg',
}

const MEDIA = /^(image|video|audio)\//

/**
 * Returns the kind of a file that is not an image which was encoded again. `detected` is the type that its content
 * shows, undefined if it shows none: most such files are texts. `declared` is what the uploader says. It decides only
 * between types that the content allows, and never makes a file more than a download.
 */
export function kindOf(detected: string | undefined, declared: string): FileKind {
  const played = detected === undefined ? undefined : PLAYED[detected]
  if (played !== undefined) {
    const recording = RECORDINGS[played.contentType]
    return recording === declared ? { kind: 'AUDIO', contentType: recording } : played
  }
  if (detected !== undefined) return { kind: 'FILE', contentType: detected }
  // Content that is no image, sound or film must not be called one.
  return { kind: 'FILE', contentType: MEDIA.test(declared) ? UNKNOWN_TYPE : declared }
}

/** Returns the kind that a file of this type usually is. */
export function expectedKind(declared: string): AttachmentKind {
  if (IMAGE_TYPES.has(declared)) return 'IMAGE'
  return Object.values(PLAYED).find(({ contentType }) => contentType === declared)?.kind ?? 'FILE'
}

const EXTENSIONS: Readonly<Record<string, string>> = { 'image/webp': '.webp', 'image/png': '.png' }

/** Returns the name of a file whose type has changed, with the extension of the new type. */
export function renamed(fileName: string, from: string, to: string): string {
  const extension = from === to ? undefined : EXTENSIONS[to]
  if (extension === undefined) return fileName
  return `${fileName.replace(/\.[A-Za-z0-9]{1,5}$/, '').slice(0, 250)}${extension}`
}
