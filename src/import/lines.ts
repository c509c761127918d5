import { isUtf8 } from 'node:buffer'
import { open } from 'node:fs/promises'

/** `isUtf8`: whether the bytes of the line are UTF-8. Otherwise some letters of `text` are U+FFFD. */
export type Line = Readonly<{ number: number; text: string; isUtf8: boolean }>

/** The longest line, in characters. A body of 8,192 characters with escapes is shorter. */
export const MAX_LINE_LENGTH = 128 * 1024

/**
 * Yields the lines of a file that are not blank. A byte order mark, which programs on Windows write, is skipped. Throws
 * the error of the file system if the file cannot be read.
 *
 * The lines are split before they are decoded. As text, readLines would also split at U+2028 and U+2029, which JSON
 * allows in strings, and bytes that are not UTF-8 would silently become other letters.
 */
export async function* linesOf(path: string): AsyncGenerator<Line, void, void> {
  await using file = await open(path)
  let number = 0
  for await (const line of file.readLines({ encoding: 'latin1' })) {
    number += 1
    const bytes = Buffer.from(line, 'latin1')
    const decoded = bytes.toString()
    const text = number === 1 ? decoded.replace(/^\uFEFF/, '') : decoded
    if (text.trim() !== '') yield { number, text, isUtf8: isUtf8(bytes) }
  }
}
