import { badInput } from '../errors.ts'
import { withoutDisruption } from '../lib/single-line.ts'
import { codePoints, looksEmpty } from '../lib/text.ts'

/** The announced file, as it is stored. */
export type UploadInput = Readonly<{
  fileName: string
  contentType: string
  byteSize: number
  altText: string | null
}>

/** The announced file, as a client describes it. */
export type AnnouncedFile = Omit<UploadInput, 'altText'> & Readonly<{ altText?: string | null | undefined }>

const MAX_NAME_LENGTH = 255

/** In code points. */
const MAX_ALT_TEXT_LENGTH = 1_000

const TOKEN = "[a-z0-9!#$%&'*+.^_`|~-]{1,127}"
const MEDIA_TYPE = new RegExp(`^(${TOKEN}/${TOKEN})\\s*(;.*)?$`)

/**
 * Returns the announced file without what Parley does not keep: parameters of the media type, and characters of the
 * name and the alternative text that would make them look like others.
 *
 * Errors: BAD_USER_INPUT – not 1 to 255 characters, a path, or control characters; no media type, or one that is not
 * allowed; not 1 to `maxBytes` bytes; an alternative text of more than 1,000 characters.
 */
export function parseUpload(
  { fileName, contentType, byteSize, altText }: AnnouncedFile,
  { maxBytes, isAllowed }: Readonly<{ maxBytes: number; isAllowed(contentType: string): boolean }>,
): UploadInput {
  if (byteSize < 1 || byteSize > maxBytes) throw badInput(`byteSize must be 1 to ${maxBytes}`)
  const type = parseContentType(contentType)
  if (!isAllowed(type)) throw badInput(`contentType ${type} is not allowed on this server`)
  return { fileName: parseFileName(fileName), contentType: type, byteSize, altText: parseAltText(altText) }
}

function parseFileName(text: string): string {
  const name = cleaned('fileName', text)
  const length = codePoints(name, MAX_NAME_LENGTH)
  if (length < 1 || length > MAX_NAME_LENGTH || looksEmpty(name)) {
    throw badInput(`fileName must be 1 to ${MAX_NAME_LENGTH} characters long`)
  }
  if (/[/\\]/.test(name) || name === '.' || name === '..') {
    throw badInput('fileName is a path. Pass the name of the file alone.')
  }
  return name
}

/** Returns null if a reader would see nothing of the text. */
function parseAltText(text: string | null | undefined): string | null {
  const altText = cleaned('altText', text ?? '').trim()
  if (looksEmpty(altText)) return null
  if (codePoints(altText, MAX_ALT_TEXT_LENGTH) > MAX_ALT_TEXT_LENGTH)
    throw badInput(`altText must be at most ${MAX_ALT_TEXT_LENGTH} characters long`)
  return altText
}

/** Without characters that turn the direction of a text, `gpj.exe` cannot look like `exe.jpg`. */
function cleaned(field: string, text: string): string {
  if (!text.isWellFormed() || /\p{Cc}/u.test(text)) throw badInput(`${field} has a control character`)
  return withoutDisruption(text)
}

function parseContentType(text: string): string {
  const [, type] = MEDIA_TYPE.exec(text.trim().toLowerCase()) ?? []
  if (type === undefined) throw badInput('contentType must be a media type, such as image/jpeg')
  return type
}
