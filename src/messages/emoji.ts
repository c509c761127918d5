import { badInput } from '../errors.ts'

/** The longest text that is examined. The longest emoji has 35 UTF-16 units. */
const MAX_LENGTH = 64

/** A variation selector in a place where an emoji can have one. */
const VARIATION_SELECTOR = /(?<=[\p{Emoji}\u20E3])[\uFE0E\uFE0F]/gu
/** A character that is text unless a variation selector or a skin tone follows it. */
const TEXT_BY_DEFAULT = /(?!\p{Emoji_Presentation})\p{Emoji}(?!\p{Emoji_Modifier})/gu
/** A skin tone or a hair style, which is part of an emoji and not an emoji. */
const COMPONENT = /^\p{Emoji_Component}$/u
const RECOMMENDED = /^\p{RGI_Emoji}$/v

/**
 * Returns the fully qualified form of an emoji, whichever variation selectors the text has or lacks.
 *
 * Keyboards and fonts differ in these selectors: `❤`, `❤️` and `❤︎` are one emoji to a person. So all are removed, and
 * U+FE0F is added after each character that is text by default (Unicode Technical Standard 51, ED-18a). The result must
 * be in the set that Unicode recommends for general interchange. The data of both steps is in the JavaScript engine.
 *
 * Errors: BAD_USER_INPUT – not exactly one emoji of that set.
 */
export function parseEmoji(text: string): string {
  const emoji = text.length > MAX_LENGTH ? '' : qualify(text)
  if (RECOMMENDED.test(emoji) && !COMPONENT.test(emoji)) return emoji
  throw badInput('emoji must be exactly one emoji, such as 👍')
}

function qualify(text: string): string {
  return text.replaceAll(VARIATION_SELECTOR, '').replaceAll(TEXT_BY_DEFAULT, '$&\uFE0F')
}
