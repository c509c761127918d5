/** A part of a result that exists as JSON text. */
export class JsonText {
  readonly text: string
  /** As `charsLeft` of the answer's size counts the value: the names, the strings, and 1 for any other value. */
  readonly chars: number

  constructor(text: string, chars: number) {
    this.text = text
    this.chars = chars
  }

  /** For serialisers that do not know this class. They get the value, at the cost of parsing it. */
  toJSON(): unknown {
    return JSON.parse(this.text)
  }
}

/** Returns the characters of a JSON value, as `JsonText.chars`. */
export function charsOf(value: unknown): number {
  if (typeof value === 'string') return value.length
  if (typeof value !== 'object' || value === null) return 1
  return Object.entries(value).reduce((sum, [key, part]) => sum + key.length + charsOf(part), 0)
}
