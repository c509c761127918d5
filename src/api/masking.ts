import { randomUUID } from 'node:crypto'
import { GraphQLError } from 'graphql'
import { ParleyError, errorExtensions, withoutStack } from '../errors.ts'
import type { ErrorExtensions } from '../errors.ts'
import { classifyDatabaseError } from '../store/sql/database-error.ts'
import type { Logger } from '../telemetry/logger.ts'

/**
 * What HTTP should make of an error: kept in `extensions.http`, where Yoga looks for it, but not enumerable, so that
 * it is never sent. `spec` means that `application/json` is answered with 200 all the same.
 */
export type HttpHint = Readonly<{
  status?: number
  headers?: Readonly<Record<string, string>>
  spec?: boolean
}>

const DATABASE_AWAY = 'The database did not answer. Try again.'
const RETRY_AFTER_MS = 500

type ErrorLogger = Pick<Logger, 'error'>

/** Errors that were made here and may reach a client as they are. */
const finished = new WeakSet<Error>()
/** One failure can surface in many fields, and pass here more than once: it is logged once, under one id. */
const reported = new WeakMap<object, string>()

/**
 * Turns whatever was thrown into the error that the client sees, on every path and both transports:
 * a ParleyError keeps its message and code; what graphql-js says about the client's document and variables is
 * BAD_USER_INPUT; a database that does not answer is UNAVAILABLE; everything else is "Unexpected error." with code INTERNAL and an `errorId`, under which the
 * original is in the log. What this function made, it leaves alone.
 */
export function toClientError(error: unknown, logger: ErrorLogger): GraphQLError {
  if (error instanceof GraphQLError && finished.has(error)) return error
  const cause = causeOf(error)
  if (cause instanceof GraphQLError && finished.has(cause))
    return finish(error, cause.message, cause.extensions)
  if (cause instanceof ParleyError) return finish(error, cause.message, cause.extensions)
  if (isDatabaseAway(cause))
    return finish(error, DATABASE_AWAY, errorExtensions('UNAVAILABLE', RETRY_AFTER_MS))
  if (error instanceof GraphQLError && isClientsMistake(error)) return asClientsMistake(error)
  const errorId = report(cause, error, logger)
  return finish(error, 'Unexpected error.', { ...errorExtensions('INTERNAL'), errorId })
}

/** Whether the same may succeed a moment later, without anybody mending anything. */
export function isPassing(error: GraphQLError): boolean {
  const cause = causeOf(error)
  return cause instanceof ParleyError ? cause.extensions.retryable : isDatabaseAway(cause)
}

/** The client's error for one that is known to be about the client's document, as those of validation are. */
export function asClientsMistake(error: GraphQLError): GraphQLError {
  return finished.has(error) ? error : finish(error, error.message, errorExtensions('BAD_USER_INPUT'))
}

/** The client's error for one of ours, where no field or document is concerned. */
export function clientError(error: ParleyError): GraphQLError {
  return finish(error, error.message, error.extensions)
}

/** Attaches what HTTP should make of an error that was made here. */
export function hintHttp(error: GraphQLError, hint: HttpHint): void {
  Object.defineProperty(error.extensions, 'http', {
    value: hint,
    enumerable: false,
    configurable: true,
    writable: true,
  })
}

/** What HTTP should make of an error, where somebody said so. */
export function httpHintOf(error: GraphQLError): HttpHint | undefined {
  return error.extensions.http
}

/** What was thrown in the first place, under the layers that graphql-js adds to say where. */
function causeOf(error: unknown): unknown {
  let cause = error
  while (cause instanceof GraphQLError && !finished.has(cause) && cause.originalError)
    cause = cause.originalError
  return cause
}

/**
 * Whether graphql-js, or Yoga before it, complains about what the client sent. A plain error behind it means that
 * something of ours was thrown while it was at work. Inside a field graphql-js points at the argument it can't take;
 * a GraphQLError that points nowhere comes from our own code, which has no business throwing one.
 */
function isClientsMistake(error: GraphQLError): boolean {
  const origin = error.originalError ?? error
  if (!(origin instanceof GraphQLError)) return false
  return error.path === undefined || origin.nodes !== undefined
}

function report(cause: unknown, error: unknown, logger: ErrorLogger): string {
  const known = isObject(cause) ? reported.get(cause) : undefined
  if (known !== undefined) return known
  const errorId = randomUUID()
  if (isObject(cause)) reported.set(cause, errorId)
  const path = error instanceof GraphQLError ? error.path?.join('.') : undefined
  logger.error({ err: cause, errorId, path }, 'unexpected error in an operation')
  return errorId
}

function isDatabaseAway(cause: unknown): boolean {
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
  const made = withoutStack(() => new GraphQLError(message, options))
  const hint = located === undefined ? undefined : httpHintOf(located)
  if (hint !== undefined && located?.path === undefined) hintHttp(made, hint)
  finished.add(made)
  return made
}
