import type { Context } from '../context.ts'

/** Writes a value of the result, as the execution of graphql-js would complete it. Throws if that would be an error. */
export type Write = (into: TextRun, value: unknown) => void

/** Thrown if a list cannot be written as text. Its reason is of no use: the ordinary execution finds it again. */
export const NOT_WRITABLE = new Error('The list has to be executed by graphql-js.')

/** The state that the parts of one text share. */
type Shared = {
  readonly maxChars: number
  chars: number
  /** Why the text cannot be written. */
  failure: Error | undefined
  waiting: Promise<void>[]
  /** The texts of objects that occur repeatedly, such as the sender of many messages, by where they are selected. */
  readonly repeated: Map<object, Map<unknown, Repeated>>
}

type Repeated = Readonly<{ text: string; chars: number }>

/**
 * JSON text that is being written. A value that is not there yet leaves a gap, which is a part of its own. The text is
 * complete when no part waits for a value.
 */
export class TextRun {
  readonly context: Context
  /** Appended to by writers. */
  text = ''
  readonly #shared: Shared
  #parts: (string | TextRun)[] | undefined

  private constructor(context: Context, shared: Shared) {
    this.context = context
    this.#shared = shared
  }

  static begin(context: Context, maxChars: number): TextRun {
    return new TextRun(context, { maxChars, chars: 0, failure: undefined, waiting: [], repeated: new Map() })
  }

  get chars(): number {
    return this.#shared.chars
  }

  get isWaiting(): boolean {
    return this.#shared.waiting.length > 0
  }

  /** Adds to the size of the value. Throws if it becomes longer than an answer may be. */
  count(chars: number): void {
    this.#shared.chars += chars
    if (this.#shared.chars > this.#shared.maxChars) throw NOT_WRITABLE
  }

  /** Leaves a gap, in which the value is written when it is there. */
  later(value: PromiseLike<unknown>, write: Write): void {
    const shared = this.#shared
    const part = new TextRun(this.context, shared)
    this.#append(part)
    shared.waiting.push(fill(value, write, part, shared))
  }

  /** Writes an object, or repeats its text if the same object was written for `field` before. */
  repeat(field: object, value: unknown, write: Write): void {
    const { repeated } = this.#shared
    const texts = repeated.get(field) ?? new Map<unknown, Repeated>()
    repeated.set(field, texts)
    const known = texts.get(value)
    if (known !== undefined) {
      this.count(known.chars)
      this.text += known.text
      return
    }
    const charsBefore = this.chars
    const part = new TextRun(this.context, this.#shared)
    write(part, value)
    if (part.#parts === undefined) {
      texts.set(value, { text: part.text, chars: this.chars - charsBefore })
      this.text += part.text
    } else this.#append(part)
  }

  #append(part: TextRun): void {
    this.#parts ??= []
    this.#parts.push(this.text, part)
    this.text = ''
  }

  /** Resolves when no part waits. Rejects if a value cannot be written, with the error of its resolver if any. */
  async complete(): Promise<void> {
    const shared = this.#shared
    while (shared.waiting.length > 0) {
      const { waiting } = shared
      shared.waiting = []
      await Promise.all(waiting)
      if (shared.failure !== undefined) throw shared.failure
    }
  }

  toString(): string {
    if (this.#parts === undefined) return this.text
    return this.#parts.join('') + this.text
  }
}

/** Never rejects: parts of a broken text are not awaited. */
async function fill(
  value: PromiseLike<unknown>,
  write: Write,
  part: TextRun,
  shared: { failure: Error | undefined },
): Promise<void> {
  try {
    write(part, await value)
  } catch (error) {
    shared.failure ??= error instanceof Error ? error : NOT_WRITABLE
  }
}
