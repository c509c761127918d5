/** The most characters of a message. The server counts code points: an emoji of two UTF-16 units is one. */
const MAX = 8_192
/** From here on, the composer shows the length. */
const NEAR = 7_500

/** How much room a text has left. `note` says it once that matters. */
export type BodyLength = Readonly<{ isTooLong: boolean; note: string | undefined }>

/** Measures a text as it would be sent. */
export function bodyLength(text: string): BodyLength {
  // A text has at least as many UTF-16 units as code points, so most need no counting.
  if (text.length < NEAR) return { isTooLong: false, note: undefined }
  let count = 0
  for (const _ of text) count += 1
  if (count < NEAR) return { isTooLong: false, note: undefined }
  if (count <= MAX) return { isTooLong: false, note: `${number(count)} of ${number(MAX)} characters` }
  return {
    isTooLong: true,
    note: `Too long by ${number(count - MAX)} characters. Shorten the text, or send it as several messages.`,
  }
}

function number(count: number): string {
  return count.toLocaleString('en')
}
