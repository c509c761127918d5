import { type GraphQLError, responsePathAsArray } from 'graphql'
import { JsonText } from './json-text.ts'

type Path = Parameters<typeof responsePathAsArray>[0]
/** As in graphql-js, and in graphql-ws. */
type Result = Readonly<{
  data?: unknown
  errors?: readonly GraphQLError[] | undefined
  extensions?: unknown
}>
type Container = Record<string | number, unknown>

/**
 * The texts of one operation's lists. graphql-js gets an empty list in place of each, completes the rest of the result,
 * and knows nothing of the texts. `embed` then puts them where the empty lists are.
 *
 * The transport gets this object beside the result. A `WeakMap` from one to the other would keep each answer until the
 * next full garbage collection, because collections of young objects take the values of an old map for used.
 */
export class ResultTexts {
  readonly #maxChars: number
  #waiting: { path: Path; text: JsonText }[] = []
  #chars = 0
  /** The objects and arrays of the result that contain a text at any depth. */
  readonly #containers = new Set<unknown>()

  /** `maxChars` bounds all texts together. A longer result is rejected anyway. */
  constructor(maxChars: number) {
    this.#maxChars = maxChars
  }

  /** How many more characters there may be. */
  get charsLeft(): number {
    return this.#maxChars - this.#chars
  }

  /** Keeps the text of the list at `path`. */
  add(path: Path, text: JsonText): void {
    this.#waiting.push({ path, text })
    this.#chars += text.chars
  }

  /** Replaces the empty lists in the data of a result. If the parent of a list became null, its text is dropped. */
  embed({ data }: Result): void {
    for (const { path, text } of this.#waiting) this.#put(data, responsePathAsArray(path), text)
    this.#waiting = []
  }

  /** Returns the JSON text of a result, or undefined if it contains no texts. Errors come last. */
  stringify({ errors, ...rest }: Result): string | undefined {
    if (this.#containers.size === 0 || !this.#containers.has(rest.data)) return undefined
    const result = errors === undefined ? rest : { ...rest, errors: errors.map((error) => error.toJSON()) }
    this.#containers.add(result)
    return this.#textOf(result)
  }

  #put(data: unknown, path: readonly (string | number)[], text: JsonText): void {
    const containers: Container[] = []
    let at = data
    for (const key of path) {
      if (typeof at !== 'object' || at === null) return
      containers.push(at as Container)
      at = (at as Container)[key]
    }
    const [parent, key] = [containers.at(-1), path.at(-1)]
    if (parent === undefined || key === undefined) return
    parent[key] = text
    for (const container of containers) this.#containers.add(container)
  }

  #textOf(value: unknown): string {
    if (value instanceof JsonText) return value.text
    if (!this.#containers.has(value)) return JSON.stringify(value)
    if (Array.isArray(value)) return `[${value.map((item) => this.#textOf(item)).join(',')}]`
    const fields = Object.entries(value as Container).filter(([, inner]) => inner !== undefined)
    return `{${fields.map(([key, inner]) => `${JSON.stringify(key)}:${this.#textOf(inner)}`).join(',')}}`
  }
}
