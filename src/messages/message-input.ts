import { createHash } from 'node:crypto'
import { badInput } from '../errors.ts'
import type { Seq } from '../ids.ts'
import { codePoints } from '../lib/text.ts'

/** The longest body, in code points. */
export const MAX_BODY_LENGTH = 8_192

/**
 * Returns the body.
 *
 * Errors: BAD_USER_INPUT – not 1 to 8,192 characters, or control characters other than newline and tab.
 */
export function parseBody(body: string): string {
  const length = codePoints(body, MAX_BODY_LENGTH)
  if (length < 1 || length > MAX_BODY_LENGTH) {
    throw badInput(`body must be 1 to ${MAX_BODY_LENGTH} characters long`)
  }
  if (!body.isWellFormed()) throw badInput('body is not valid Unicode: it contains half of a surrogate pair')
  if (/[^\P{Cc}\n\t]/u.test(body)) {
    throw badInput('body contains a control character; only newline and tab are allowed')
  }
  return body
}

/**
 * Returns the emoji.
 *
 * Errors: BAD_USER_INPUT – not exactly one emoji of Unicode's set for general interchange.
 */
export function parseEmoji(emoji: string): string {
  if (emoji.length > 64 || !/^\p{RGI_Emoji}$/v.test(emoji)) {
    throw badInput('emoji must be exactly one emoji, such as 👍')
  }
  return emoji
}

/** Returns a 128-bit digest of the content. It distinguishes a retry from another message with the same key. */
export function fingerprintOf(body: string, replyToSeq: Seq | null): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([body, replyToSeq]))
    .digest()
    .subarray(0, 16)
}
