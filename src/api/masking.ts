import { randomUUID } from 'node:crypto'
import { GraphQLError, Kind } from 'graphql'
import { ParleyError, errorExtensions, withoutStack } from '../errors.ts'
import type { ErrorExtensions } from '../errors.ts'
import { classifyDatabaseError } from '../store/sql/database-error.ts'
import type { Logger } from '../telemetry/logger.ts'

/**
 * The HTTP status and headers for an error. Kept in `extensions.http`, where Yoga looks for it, but not enumerable, so
 * that it is never sent. `spec` means that a response in `application/json` still has status 200.
 */
export type HttpHint = Readonly<{
  status?: number
  headers?: Readonly<Record<string, string>>
  spec?: boolean
}>

const DATABASE_UNREACHABLE = 'The database did not answer. Try again.'
const RETRY_AFTER_MS = 500
const MAX_MESSAGE_LENGTH = 1_000
const LONG_QUOTATION = /"([^"]{60})[^"]{20,}"/g

export const NO_OPERATION =
  'The operation is missing or ambiguous. Name one operation of the document in operationName.'

/** Messages of graphql-js and Yoga that do not say what to do, and what clients read instead. */
const REWORDED: readonly (readonly [original: RegExp, message: string])[] = [
  [
    /^Syntax Error: Document contains more that (\d+) tokens\. Parsing aborted\.$/,
    'The operation has more than $1 tokens. Split it into smaller operations.',
  ],
  [/^Could not determine what operation to execute\.$/, NO_OPERATION],
  [/^Request body too large$/, 'The body is larger than this server accepts. Send less at once.'],
]

type ErrorLogger = Pick<Logger, 'error'>

/** Errors that were created here. They may reach a client as they are. */
const finished = new WeakSet<Error>()
/** Failures that were logged, with their `errorId`. One failure can surface in many fields and is logged once. */
const reported = new WeakMap<object, string>()

/**
 * Converts a thrown value into the error that the client sees. This is the only place that does so, for both
 * transports:
 *
 * - A ParleyError keeps its message and code.
 * - An error of graphql-js about the client's document or variables is BAD_USER_INPUT.
 * - A database that does not answer is UNAVAILABLE.
 * - Anything else is INTERNAL, with an `errorId` under which the original is in the log.
 *
 * An error that this module created is returned unchanged.
 */
export function toClientError(error: unknown, logger: ErrorLogger): GraphQLError {
  if (error instanceof GraphQLError && finished.has(error)) return error
  const cause = causeOf(error)
  if (cause instanceof GraphQLError && finished.has(cause))
    return finish(error, cause.message, cause.extensions)
  if (cause instanceof ParleyError) return finish(error, cause.message, cause.extensions)
  if (isDatabaseUnreachable(cause))
    return finish(error, DATABASE_UNREACHABLE, errorExtensions('UNAVAILABLE', RETRY_AFTER_MS))
  if (error instanceof GraphQLError && isClientMistake(error)) return toDocumentError(error)
  const errorId = report(cause, error, logger)
  return finish(error, 'Unexpected error.', { ...errorExtensions('INTERNAL'), errorId })
}

/** Returns whether the same operation may succeed a moment later without a change to anything. */
export function isTransient(error: GraphQLError): boolean {
  const cause = causeOf(error)
  return cause instanceof ParleyError ? cause.extensions.retryable : isDatabaseUnreachable(cause)
}

/** Converts an error that is known to be about the client's document, such as an error of validation. */
export function toDocumentError(error: GraphQLError): GraphQLError {
  return finished.has(error)
    ? error
    : finish(error, shorten(reword(error.message)), errorExtensions('BAD_USER_INPUT'))
}

function reword(message: string): string {
  const [original, ours] = REWORDED.find(([pattern]) => pattern.test(message)) ?? []
  return original === undefined || ours === undefined ? message : message.replace(original, ours)
}

/** Cuts what the client sent within the message of an error: a name or value can have any length. */
function shorten(message: string): string {
  const cut = message.replaceAll(LONG_QUOTATION, (_, start: string) => `"${start}…"`)
  return cut.length > MAX_MESSAGE_LENGTH ? `${cut.slice(0, MAX_MESSAGE_LENGTH).toWellFormed()}…` : cut
}

/** Converts an error that concerns no field or document. */
export function clientError(error: ParleyError): GraphQLError {
  return finish(error, error.message, error.extensions)
}

const PERSISTED_QUERY_MESSAGES = {
  PERSISTED_QUERY_NOT_FOUND: 'PersistedQueryNotFound',
  PERSISTED_QUERY_NOT_SUPPORTED: 'PersistedQueryNotSupported',
} as const

/**
 * Creates an error of Apollo's automatic persisted queries, after which clients send the document. Message, code and
 * status are those that Apollo's clients look for. Some of them do not read the body of any other status.
 */
export function persistedQueryError(code: keyof typeof PERSISTED_QUERY_MESSAGES): GraphQLError {
  const error = withoutStack(
    () => new GraphQLError(PERSISTED_QUERY_MESSAGES[code], { extensions: { code, retryable: false } }),
  )
  hintHttp(error, { status: 200, headers: { 'Cache-Control': 'no-store' } })
  finished.add(error)
  return error
}

/** Attaches an HTTP status and headers to an error that was created here. */
export function hintHttp(error: GraphQLError, hint: HttpHint): void {
  Object.defineProperty(error.extensions, 'http', {
    value: hint,
    enumerable: false,
    configurable: true,
    writable: true,
  })
}

/** Returns the HTTP status and headers of an error, if it has any. */
export function httpHintOf(error: GraphQLError): HttpHint | undefined {
  return error.extensions.http
}

/** Returns the original error below the layers that graphql-js adds for the location. */
function causeOf(error: unknown): unknown {
  let cause = error
  while (cause instanceof GraphQLError && !finished.has(cause) && cause.originalError)
    cause = cause.originalError
  return cause
}

/**
 * Returns whether graphql-js or Yoga rejected what the client sent. If the origin is not a GraphQLError, our own code
 * threw it. Inside a field, graphql-js points at the invalid argument. A GraphQLError in a field that points nowhere
 * comes from our own code, which must not throw one.
 */
function isClientMistake(error: GraphQLError): boolean {
  const origin = error.originalError ?? error
  if (!(origin instanceof GraphQLError)) return false
  return error.path === undefined || origin.nodes !== undefined
}

function report(cause: unknown, error: unknown, logger: ErrorLogger): string {
  const known = isObject(cause) ? reported.get(cause) : undefined
  if (known !== undefined) return known
  const errorId = randomUUID()
  if (isObject(cause)) reported.set(cause, errorId)
  logger.error({ err: cause, errorId, field: fieldOf(error) }, 'operation failed unexpectedly')
  return errorId
}

/** The name of the field in the schema. The path would have the client's aliases, of any length and content. */
function fieldOf(error: unknown): string | undefined {
  const node = error instanceof GraphQLError ? error.nodes?.[0] : undefined
  return node?.kind === Kind.FIELD ? node.name.value : undefined
}

function isDatabaseUnreachable(cause: unknown): boolean {
  const kind = classifyDatabaseError(cause)
  return kind !== 'other' && kind !== 'unique-violation'
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function finish(
  error: unknown,
  message: string,
  extensions: ErrorExtensions | GraphQLError['extensions'],
): GraphQLError {
  const located = error instanceof GraphQLError ? error : undefined
  const options = {
    nodes: located?.nodes ?? null,
    source: located?.source ?? null,
    positions: located?.positions ?? null,
    path: located?.path ?? null,
    extensions: { ...extensions },
  }
  const created = withoutStack(() => new GraphQLError(message, options))
  const hint = located === undefined ? undefined : httpHintOf(located)
  if (hint !== undefined && located?.path === undefined) hintHttp(created, hint)
  finished.add(created)
  return created
}
