/** Replaces what must not be logged. */
const REDACTED = '[redacted]'
const MAX_DEPTH = 8

/** Matches the end of names of fields with message contents or credentials. */
const PRIVATE_FIELD = /(authorization|cookie|body|variables|connectionParams|token|secret|password)$/i

type Replacement = string | ((match: string) => string)

/**
 * Credentials within texts, by their form. No pattern matches beyond a quotation mark. Each can start only where no
 * longer match can have started before it, so that any text costs time in proportion to its length.
 */
const PRIVATE_TEXT: readonly (readonly [RegExp, Replacement])[] = [
  [/((?<![a-z0-9+.-])[a-z0-9+.-]+:\/\/)[^\s"'/]+@/gi, `$1${REDACTED}@`],
  [/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, `$1 ${REDACTED}`],
  [/(?<![\w-])[\w-]+\.[\w-]+\.[\w-]*/g, (text) => (/\beyJ/.test(text) ? REDACTED : text)],
  [/([?&](?:[\w-]*token|[\w-]*signature|sig|secret|password)=)[^&\s"'\\]+/gi, `$1${REDACTED}`],
]

/** Replaces the credentials in a text. */
export function redactText(text: string): string {
  return PRIVATE_TEXT.reduce(
    (rest, [pattern, replacement]) =>
      typeof replacement === 'string'
        ? rest.replace(pattern, replacement)
        : rest.replace(pattern, replacement),
    text,
  )
}

const PRIVATE_JSON = new RegExp(
  `"([\\w-]*${PRIVATE_FIELD.source.replace('$', '')})":"(?:[^"\\\\]|\\\\.)*"`,
  'gi',
)

/**
 * Replaces the credentials and private fields in a line of JSON. The fields of child loggers are redacted only here.
 */
export function redactLine(json: string): string {
  return redactText(json).replace(PRIVATE_JSON, `"$1":"${REDACTED}"`)
}

/**
 * Copies fields for the log: private ones are redacted at any depth, and errors reduced to their safe fields. The
 * depth is limited, so that cyclic and deep objects cost little.
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

/** The fields of an error that are logged. PostgreSQL's `detail`, for example, quotes the rejected row. */
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
