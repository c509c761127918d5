/** A JSON value. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject
export type JsonObject = { readonly [key: string]: Json }

/** The most levels of objects and lists within each other. */
export const MAX_JSON_DEPTH = 8
/** The most keys and items in all levels. */
export const MAX_JSON_ENTRIES = 256

/**
 * Returns what is wrong with a value that is to be kept: it is no JSON object, too deep, has too many entries, text
 * that databases and clients cannot read, or more than `maxBytes` as JSON in UTF-8. The walk ends at the first bound,
 * so a large or deep value costs no more than one that is just too large.
 */
export function problemOfJson(value: unknown, maxBytes: number): string | undefined {
  if (!isObject(value)) return 'must be a JSON object'
  let entries = 0

  function problemOf(part: unknown, depth: number): string | undefined {
    if (typeof part === 'number' && !Number.isFinite(part)) return 'has a number that JSON cannot express'
    if (typeof part === 'string') return problemOfText(part)
    if (typeof part !== 'object' || part === null) return undefined
    if (depth > MAX_JSON_DEPTH) return `is nested more than ${MAX_JSON_DEPTH} levels deep`
    for (const [key, inner] of Object.entries(part)) {
      entries += 1
      if (entries > MAX_JSON_ENTRIES) return `has more than ${MAX_JSON_ENTRIES} keys and items`
      const problem = problemOfText(key) ?? problemOf(inner, depth + 1)
      if (problem !== undefined) return problem
    }
    return undefined
  }

  const problem = problemOf(value, 1)
  if (problem !== undefined) return problem
  return Buffer.byteLength(JSON.stringify(value)) > maxBytes ? `is larger than ${maxBytes} bytes` : undefined
}

/** PostgreSQL refuses both in JSON, and so do strict parsers of other languages. JavaScript alone reads them. */
function problemOfText(text: string): string | undefined {
  const isReadable = text.isWellFormed() && !text.includes('\0')
  return isReadable ? undefined : 'has a NUL character or half of a surrogate pair'
}

/** Returns the value as JSON with its keys in order, so that equal values have equal texts. */
export function canonicalJson(value: Json): string {
  return JSON.stringify(value, (_, part: unknown) =>
    isObject(part) ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1))) : part,
  )
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
