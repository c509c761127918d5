/** No server takes more. */
const MAX_LENGTH = 1_000

/** A file keeps its text until it is sent. Then storage has it, with the description of the file. */
const texts = new WeakMap<Blob, string>()

/**
 * Says what a file shows, for people who do not see it: `send({ attachments: [withAltText(file, 'The sea')] })`. Line
 * breaks become spaces. Only the first 1,000 characters count. Returns the same file.
 */
export function withAltText<File extends Blob>(file: File, text: string): File {
  texts.set(file, text)
  return file
}

/** Returns what `withAltText` said about a file, as it is sent. Empty if nothing. */
export function altTextOf(file: Blob): string {
  return (texts.get(file) ?? '')
    .slice(0, MAX_LENGTH)
    .replaceAll(/[\p{Cc}\p{Cs}]+/gu, ' ')
    .trim()
}
