import { badInput } from '../errors.ts'
import { codePoints, looksEmpty } from '../lib/text.ts'

/** The longest title, in code points. */
export const MAX_TITLE_LENGTH = 255
/** The shortest and the longest lifetime of messages, in seconds: 5 s to a year. */
export const MIN_TTL_SECONDS = 5
export const MAX_TTL_SECONDS = 365 * 24 * 60 * 60

/** Control characters, line and paragraph separators, and characters that change the direction of text. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\u202A-\u202E\u2066-\u2069]/u

/**
 * Returns the title without surrounding blanks.
 *
 * Errors: BAD_USER_INPUT – not 1 to 255 printable characters.
 */
export function parseTitle(text: string): string {
  const title = text.trim()
  if (title === '' || codePoints(title, MAX_TITLE_LENGTH) > MAX_TITLE_LENGTH) {
    throw badInput(`title must be 1 to ${MAX_TITLE_LENGTH} characters long`)
  }
  if (UNPRINTABLE.test(title) || !title.isWellFormed()) {
    throw badInput(
      'title must not contain line breaks, control characters, changes of direction or invalid Unicode',
    )
  }
  if (looksEmpty(title)) throw badInput('title must contain a visible character')
  return title
}

/**
 * Returns the lifetime of messages in seconds, or null for 0, which keeps messages forever.
 *
 * Errors: BAD_USER_INPUT – neither 0 nor between the shortest and the longest lifetime.
 */
export function parseTtl(seconds: number): number | null {
  if (seconds === 0) return null
  if (seconds < MIN_TTL_SECONDS || seconds > MAX_TTL_SECONDS) {
    throw badInput(
      `messageTtlSeconds must be ${MIN_TTL_SECONDS} to ${MAX_TTL_SECONDS} (a year), or 0 to keep messages forever`,
    )
  }
  return seconds
}
