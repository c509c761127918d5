import { open } from 'node:fs/promises'

export type Line = Readonly<{ number: number; text: string }>

/** The longest line, in characters. A body of 8,192 characters with escapes is shorter. */
export const MAX_LINE_LENGTH = 128 * 1024

/** Yields the lines of a file that are not blank. Throws the error of the file system if it cannot be read. */
export async function* linesOf(path: string): AsyncGenerator<Line, void, void> {
  await using file = await open(path)
  let number = 0
  for await (const text of file.readLines()) {
    number += 1
    if (text.trim() !== '') yield { number, text }
  }
}
