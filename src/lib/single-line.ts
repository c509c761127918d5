import { codePoints, looksEmpty } from './text.ts'

/** The longest name or title, in code points. */
export const MAX_SINGLE_LINE_LENGTH = 255

/**
 * Characters that a name or title must not contain, because text around it would be shown wrong: control characters,
 * line and paragraph separators, and characters that change the direction of text.
 */
const DISRUPTIVE = /[\p{Cc}\p{Zl}\p{Zp}\u200E\u200F\u061C\u202A-\u202E\u2066-\u2069]/gu
/** Characters without width. Joiners are not among them: emoji and many scripts need them. */
const WIDTHLESS = /[\u00AD\u180E\u200B\u2060-\u2064\u206A-\u206F\uFEFF\uFFF9-\uFFFB]/gu

/** Why a text is no name or title. */
export type SingleLineProblem = 'empty' | 'too long' | 'disruptive' | 'invisible'

/*
 * Names of users and titles of chats follow one rule: one line of 1 to 255 code points, with something to see, and
 * nothing that affects the text around it. A person types a title and can correct it, so a wrong one is rejected. A
 * name comes in a token, and its owner could not sign in if it were rejected, so it is cleaned. So are the names of
 * files, which come from the disk of their owner.
 */

/** Returns what is wrong with the text. Call it with the result of `trimSingleLine`. */
export function problemOfSingleLine(text: string): SingleLineProblem | undefined {
  if (text === '') return 'empty'
  if (codePoints(text, MAX_SINGLE_LINE_LENGTH) > MAX_SINGLE_LINE_LENGTH) return 'too long'
  if (text.search(DISRUPTIVE) !== -1 || !text.isWellFormed()) return 'disruptive'
  return looksEmpty(text) ? 'invisible' : undefined
}

/** Removes surrounding blanks, and characters without width, which would make equal texts differ. */
export function trimSingleLine(text: string): string {
  return text.replaceAll(WIDTHLESS, '').trim()
}

/** Returns the text in one line, without the characters that affect the text around it, and those without width. */
export function withoutDisruption(text: string): string {
  return text
    .replaceAll(/[\p{Zl}\p{Zp}\r\n\t]+/gu, ' ')
    .replaceAll(DISRUPTIVE, '')
    .replaceAll(WIDTHLESS, '')
}

/** Returns the text as one valid line: cleaned, and cut to the longest length. Undefined if nothing is left to see. */
export function toSingleLine(text: string): string | undefined {
  // A few characters may be removed. The rest of a much longer text would be cut off in any case.
  const start = text.slice(0, 8 * MAX_SINGLE_LINE_LENGTH).toWellFormed()
  const clean = withoutDisruption(start).trim()
  const line = Array.from(clean).slice(0, MAX_SINGLE_LINE_LENGTH).join('').trim()
  return problemOfSingleLine(line) === undefined ? line : undefined
}
