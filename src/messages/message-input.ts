import { createHash } from 'node:crypto'
import { badInput } from '../errors.ts'
import type { Seq } from '../ids.ts'

/** Bounds of what people write, in code points. */
export const MAX_BODY_LENGTH = 8_192
export const MAX_KEY_LENGTH = 64

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

/** A key or device id that an app made, if it is 1 to 64 printable characters; else BAD_USER_INPUT. */
export function parseKey(name: string, value: string): string {
  const length = codePoints(value, MAX_KEY_LENGTH)
  if (length < 1 || length > MAX_KEY_LENGTH) {
    throw badInput(`${name} has to be 1 to ${MAX_KEY_LENGTH} characters long; a UUID does`)
  }
  if (/\p{Cc}/u.test(value) || !value.isWellFormed()) {
    throw badInput(`${name} may not contain control characters or broken Unicode`)
  }
  return value
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

/** Code points of `text`, counted no further than needed to see that there are more than `limit`. */
function codePoints(text: string, limit: number): number {
  if (text.length > 2 * limit) return text.length
  let count = 0
  for (const _ of text) count += 1
  return count
}
