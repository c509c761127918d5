/** What stands in a log in the place of something that must not. */
const REDACTED = '[redacted]'
const MAX_DEPTH = 8

/** By the end of a field's name: people's words and credentials never belong into a log, whatever holds them. */
const PRIVATE_FIELD = /(authorization|cookie|body|variables|connectionParams|token|secret|password)$/i

/** In running text, credentials are told by their shape. None of these reaches past a quotation mark. */
const PRIVATE_TEXT: readonly (readonly [RegExp, string])[] = [
  [/([a-z][a-z0-9+.-]*:\/\/)[^\s"'/]+@/gi, `$1${REDACTED}@`],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, `$1 ${REDACTED}`],
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, REDACTED],
  [/([?&](?:[\w-]*token|[\w-]*signature|sig|secret|password)=)[^&\s"'\\]+/gi, `$1${REDACTED}`],
]

/** The same text without the credentials in it. */
export function redactText(text: string): string {
  return PRIVATE_TEXT.reduce((rest, [pattern, replacement]) => rest.replace(pattern, replacement), text)
}

const PRIVATE_JSON = new RegExp(
  `"([\\w-]*${PRIVATE_FIELD.source.replace('$', '')})":"(?:[^"\\\\]|\\\\.)*"`,
  'gi',
)

/**
 * The same line of JSON without credentials in any text of it, and without what private fields hold. That part is
 * for the fields that a child logger was given, which nothing else looks at.
 */
export function redactLine(json: string): string {
  return redactText(json).replace(PRIVATE_JSON, `"$1":"${REDACTED}"`)
}

/**
 * A copy to log of the fields, without private ones at whatever depth, errors brought to what is safe of them.
 * Bounded in depth, so that a circle or a deep object costs little.
 */
export function redactFields(fields: object): Record<string, unknown> {
  return copyFields(fields, 0)
}

function copyFields(fields: object, depth: number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      PRIVATE_FIELD.test(name) && value !== undefined ? REDACTED : copy(value, depth + 1),
    ]),
  )
}

function copy(value: unknown, depth: number): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  if (depth > MAX_DEPTH) return '[too deep]'
  if (value instanceof Error) return describeError(value, depth)
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
  if (Array.isArray(value)) return value.map((item: unknown) => copy(item, depth + 1))
  return copyFields(value, depth)
}

/** Of an error's own fields only these: a database puts the row that it refused into another one (`detail`). */
const ERROR_FIELDS = [
  'code',
  'errno',
  'syscall',
  'address',
  'port',
  'severity',
  'constraint',
  'table',
  'routine',
]

function describeError(error: Error, depth: number): Record<string, unknown> {
  const own = Object.entries(error).filter(([name]) => ERROR_FIELDS.includes(name))
  const nested = error instanceof AggregateError ? { errors: copy(error.errors, depth + 1) } : {}
  return {
    type: error.name,
    message: error.message,
    stack: error.stack,
    ...Object.fromEntries(own),
    ...(error.cause === undefined ? {} : { cause: copy(error.cause, depth + 1) }),
    ...nested,
  }
}
