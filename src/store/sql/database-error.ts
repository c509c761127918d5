import pg from 'pg'
import { UnsafeReplicationError } from './replication-policy.ts'

/** There is no server to write to, and nothing was tried. The cause is the error of one of the hosts. */
export class NoWriterError extends Error {
  override readonly name = 'NoWriterError'

  constructor(options?: ErrorOptions) {
    super('No server accepts writes at present', options)
  }
}

/** The meaning of a failed database operation to its caller. */
export type DatabaseErrorKind =
  /** Not done, because of a concurrent operation or a failover. A retry will probably succeed. */
  | 'retryable-before-commit'
  /** The connection failed. It is unknown whether the operation was done. */
  | 'unknown-outcome'
  /** Not done: a row with this key exists. */
  | 'unique-violation'
  /** Not done, and a retry will probably fail: the server is full or slow. */
  | 'rejected'
  /** Not a failure of the database: a bug. */
  | 'other'

// By SQLSTATE, or the class that its first two characters are.
// https://www.postgresql.org/docs/current/errcodes-appendix.html
const KIND_OF_STATE: Readonly<Record<string, DatabaseErrorKind>> = {
  '08': 'unknown-outcome',
  // A migration made a prepared plan invalid. The connection is closed, and another one prepares the statement again.
  '0A000': 'retryable-before-commit',
  // The server closed a session with an idle transaction, which is rolled back.
  '25P03': 'retryable-before-commit',
  // Read-only: the former primary is a standby now. The gateway looks for the new one.
  '25006': 'retryable-before-commit',
  '23505': 'unique-violation',
  '40001': 'retryable-before-commit',
  '40P01': 'retryable-before-commit',
  '53': 'rejected',
  '55P03': 'retryable-before-commit',
  // statement_timeout
  '57014': 'rejected',
  '57P01': 'unknown-outcome',
  '57P02': 'unknown-outcome',
  '57P03': 'unknown-outcome',
  '57P05': 'unknown-outcome',
}

// Prisma's own errors without an SQLSTATE. https://www.prisma.io/docs/orm/reference/error-reference
const KIND_OF_PRISMA_CODE: Readonly<Record<string, DatabaseErrorKind>> = {
  P1001: 'unknown-outcome',
  P1002: 'unknown-outcome',
  P1008: 'unknown-outcome',
  P1011: 'unknown-outcome',
  P1017: 'unknown-outcome',
  P2024: 'rejected',
  // A transaction could not begin in time, or was open for too long. It is rolled back.
  P2028: 'rejected',
}

// The names that Prisma's driver adapter gives to failures inside a transaction.
const KIND_OF_ADAPTER_ERROR: Readonly<Record<string, DatabaseErrorKind>> = {
  ConnectionClosed: 'unknown-outcome',
  SocketTimeout: 'unknown-outcome',
  DatabaseNotReachable: 'unknown-outcome',
  TlsConnectionError: 'unknown-outcome',
  TooManyConnections: 'rejected',
  TransactionAlreadyClosed: 'unknown-outcome',
  TransactionWriteConflict: 'retryable-before-commit',
}

const KIND_OF_SYSTEM_CODE: Readonly<Record<string, DatabaseErrorKind>> = {
  ECONNREFUSED: 'unknown-outcome',
  ECONNRESET: 'unknown-outcome',
  EHOSTUNREACH: 'unknown-outcome',
  ENETUNREACH: 'unknown-outcome',
  ENOTFOUND: 'unknown-outcome',
  EAI_AGAIN: 'unknown-outcome',
  EPIPE: 'unknown-outcome',
  ETIMEDOUT: 'unknown-outcome',
}

// Errors of node-postgres without a code.
const KIND_OF_MESSAGE: readonly (readonly [string, DatabaseErrorKind])[] = [
  ['timeout exceeded when trying to connect', 'rejected'],
  ['Connection terminated', 'unknown-outcome'],
  ['timeout expired', 'unknown-outcome'],
  ['is not queryable', 'unknown-outcome'],
]

/** Classifies anything thrown by a statement, by Prisma, or by connecting. */
export function classifyDatabaseError(error: unknown): DatabaseErrorKind {
  if (error instanceof UnsafeReplicationError) return 'rejected'
  if (error instanceof NoWriterError || valueAt(error, 'cause') instanceof NoWriterError)
    return 'retryable-before-commit'
  const state = sqlStateOf(error)
  if (state !== undefined) return KIND_OF_STATE[state] ?? KIND_OF_STATE[state.slice(0, 2)] ?? 'other'
  const code = stringAt(error, 'code') ?? ''
  const adapterKind = code === '' ? (stringAt(driverError(error), 'kind') ?? '') : ''
  return (
    KIND_OF_PRISMA_CODE[code] ??
    KIND_OF_SYSTEM_CODE[code] ??
    // Prisma passes on class 08 errors that do not come from the server.
    KIND_OF_STATE[code.slice(0, 2)] ??
    KIND_OF_ADAPTER_ERROR[adapterKind] ??
    kindOfMessage(error)
  )
}

/**
 * Whether the connection must not be used again: it is lost, or its prepared statements no longer fit the tables, which
 * another version has migrated.
 */
export function isConnectionUnusable(error: unknown): boolean {
  return classifyDatabaseError(error) === 'unknown-outcome' || sqlStateOf(error) === '0A000'
}

function sqlStateOf(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : stringAt(driverError(error), 'originalCode')
}

/** PostgreSQL's error as Prisma's driver adapter represents it. */
function driverError(error: unknown): unknown {
  return valueAt(error, 'meta', 'driverAdapterError', 'cause') ?? valueAt(error, 'cause')
}

function kindOfMessage(error: unknown): DatabaseErrorKind {
  const message = error instanceof Error ? error.message : ''
  return KIND_OF_MESSAGE.find(([part]) => message.includes(part))?.[1] ?? 'other'
}

function stringAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = valueAt(value, ...path)
  return typeof found === 'string' ? found : undefined
}

function valueAt(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (parent, key) => (typeof parent === 'object' && parent !== null ? Reflect.get(parent, key) : undefined),
    value,
  )
}
