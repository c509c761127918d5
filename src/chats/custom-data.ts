import { badInput } from '../errors.ts'
import { type JsonObject, problemOfJson } from '../lib/bounded-json.ts'

/** The largest data of each kind of object, in bytes of JSON. */
export const MAX_DATA_BYTES = { message: 4_096, chat: 16_384, user: 4_096 } as const

/** `name` is the argument in error texts. Errors: BAD_USER_INPUT – see `problemOfJson`. */
export function parseData(value: unknown, of: keyof typeof MAX_DATA_BYTES, name = 'data'): JsonObject {
  const problem = problemOfJson(value, MAX_DATA_BYTES[of])
  if (problem !== undefined) throw badInput(`${name} ${problem}`)
  return value as JsonObject
}

/**
 * Returns the product's own type of a message, such as `order.shipped`.
 *
 * Errors: BAD_USER_INPUT – not 1 to 64 letters, digits, dots, hyphens and underscores.
 */
export function parseType(text: string): string {
  if (/^[\w.-]{1,64}$/.test(text)) return text
  throw badInput('type must be 1 to 64 letters, digits, dots, hyphens or underscores')
}
