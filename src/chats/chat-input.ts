import { badInput } from '../errors.ts'
import {
  MAX_SINGLE_LINE_LENGTH,
  problemOfSingleLine,
  type SingleLineProblem,
  trimSingleLine,
} from '../lib/single-line.ts'

/** The shortest and the longest lifetime of messages, in seconds: 5 s to a year. */
export const MIN_TTL_SECONDS = 5
export const MAX_TTL_SECONDS = 365 * 24 * 60 * 60

/**
 * Returns the title without surrounding blanks and characters without width.
 *
 * Errors: BAD_USER_INPUT – see `problemOfSingleLine`.
 */
export function parseTitle(text: string): string {
  const title = trimSingleLine(text)
  const problem = problemOfSingleLine(title)
  if (problem !== undefined) throw badInput(TITLE_ERRORS[problem])
  return title
}

const WRONG_LENGTH = `title must be 1 to ${MAX_SINGLE_LINE_LENGTH} characters long`
const TITLE_ERRORS: Readonly<Record<SingleLineProblem, string>> = {
  empty: WRONG_LENGTH,
  'too long': WRONG_LENGTH,
  disruptive:
    'title must not contain line breaks, control characters, changes of direction or invalid Unicode',
  invisible: 'title must contain a visible character',
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
