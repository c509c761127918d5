import { badInput } from '../errors.ts'
import { codePoints, looksEmpty } from '../lib/text.ts'

/** The announced file, as it is stored. */
export type UploadInput = Readonly<{ fileName: string; contentType: string; byteSize: number }>

const MAX_NAME_LENGTH = 255

/** Characters that turn the direction of a text, so that `gpj.exe` looks like `exe.jpg`. */
const DIRECTION = /[\u202A-\u202E\u2066-\u2069]/gu

const TOKEN = "[a-z0-9!#$%&'*+.^_`|~-]{1,127}"
const MEDIA_TYPE = new RegExp(`^(${TOKEN}/${TOKEN})\\s*(;.*)?$`)

/**
 * Returns the announced file without what Parley does not keep: parameters of the media type, and characters of the
 * name that would make it look like another one.
 *
 * Errors: BAD_USER_INPUT – not 1 to 255 characters, a path, or control characters; no media type, or one that is not
 * allowed; not 1 to `maxBytes` bytes.
 */
export function parseUpload(
  { fileName, contentType, byteSize }: UploadInput,
  { maxBytes, isAllowed }: Readonly<{ maxBytes: number; isAllowed(contentType: string): boolean }>,
): UploadInput {
  if (byteSize < 1 || byteSize > maxBytes) throw badInput(`byteSize must be 1 to ${maxBytes}`)
  const type = parseContentType(contentType)
  if (!isAllowed(type)) throw badInput(`contentType ${type} is not allowed on this server`)
  return { fileName: parseFileName(fileName), contentType: type, byteSize }
}

function parseFileName(text: string): string {
  if (!text.isWellFormed() || /\p{Cc}/u.test(text)) throw badInput('fileName has a control character')
  const name = text.replaceAll(DIRECTION, '')
  const length = codePoints(name, MAX_NAME_LENGTH)
  if (length < 1 || length > MAX_NAME_LENGTH || looksEmpty(name)) {
    throw badInput(`fileName must be 1 to ${MAX_NAME_LENGTH} characters long`)
  }
  if (/[/\\]/.test(name) || name === '.' || name === '..') {
    throw badInput('fileName is a path. Pass the name of the file alone.')
  }
  return name
}

function parseContentType(text: string): string {
  const [, type] = MEDIA_TYPE.exec(text.trim().toLowerCase()) ?? []
  if (type === undefined) throw badInput('contentType must be a media type, such as image/jpeg')
  return type
}
