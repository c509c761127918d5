import { createHash } from 'node:crypto'
import { badInput } from '../errors.ts'
import type { Seq } from '../ids.ts'
import { codePoints } from '../lib/text.ts'

/** The longest body, in code points. */
export const MAX_BODY_LENGTH = 8_192

/** The body, if it is 1 to 8,192 characters with no control character but newline and tab; else BAD_USER_INPUT. */
export function parseBody(body: string): string {
  const length = codePoints(body, MAX_BODY_LENGTH)
  if (length < 1 || length > MAX_BODY_LENGTH) {
    throw badInput(`body has to be 1 to ${MAX_BODY_LENGTH} characters long`)
  }
  if (!body.isWellFormed()) throw badInput('body is not valid Unicode: it contains half of a surrogate pair')
  if (/[^\P{Cc}\n\t]/u.test(body)) {
    throw badInput('body contains a control character; only newline and tab are allowed')
  }
  return body
}

/** The emoji, if it is exactly one that Unicode recommends for interchange; else BAD_USER_INPUT. */
export function parseEmoji(emoji: string): string {
  if (emoji.length > 64 || !/^\p{RGI_Emoji}$/v.test(emoji)) {
    throw badInput('emoji has to be exactly one emoji, such as 👍')
  }
  return emoji
}

/** Tells a retry from another message under the same key: 128 bits of what was sent. */
export function fingerprintOf(body: string, replyToSeq: Seq | null): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([body, replyToSeq]))
    .digest()
    .subarray(0, 16)
}
