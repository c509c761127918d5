import pg from 'pg'
import { NoWriterError } from './no-writer-error.ts'
import { UnsafeReplicationError } from './replication-policy.ts'

/** What a failed operation of the database means to whoever asked for it. */
export type DatabaseErrorKind =
  /** Not done, because somebody else was at it; likely to succeed at once. */
  | 'retryable-before-commit'
  /** The connection was lost or could not be made: done or not, nobody knows. */
  | 'unknown-outcome'
  /** Not done: there is a row with this key. */
  | 'unique-violation'
  /** Not done, and not soon: the server is full, slow, or takes no writes. */
  | 'refused'
  /** Not the database's fault. */
  | 'other'

// By SQLSTATE, or the class that its first two characters are.
// https://www.postgresql.org/docs/current/errcodes-appendix.html
const KIND_OF_STATE: Readonly<Record<string, DatabaseErrorKind>> = {
  '08': 'unknown-outcome',
  // A prepared plan that a migration has made out of date: the connection is let go of, and another prepares it anew.
  '0A000': 'retryable-before-commit',
  // The server ended an idle transaction, and the session with it: rolled back.
  '25P03': 'retryable-before-commit',
  // Read-only: what used to be the primary is a standby now, and another one will be found.
  '25006': 'retryable-before-commit',
  '23505': 'unique-violation',
  '40001': 'retryable-before-commit',
  '40P01': 'retryable-before-commit',
  '53': 'refused',
  '55P03': 'retryable-before-commit',
  // statement_timeout
  '57014': 'refused',
  '57P01': 'unknown-outcome',
  '57P02': 'unknown-outcome',
  '57P03': 'unknown-outcome',
  '57P05': 'unknown-outcome',
}

// Prisma's own, where there is no SQLSTATE behind. https://www.prisma.io/docs/orm/reference/error-reference
const KIND_OF_PRISMA_CODE: Readonly<Record<string, DatabaseErrorKind>> = {
  P1001: 'unknown-outcome',
  P1002: 'unknown-outcome',
  P1008: 'unknown-outcome',
  P1011: 'unknown-outcome',
  P1017: 'unknown-outcome',
  P2024: 'refused',
  // A transaction that could not begin in time, or was open for too long: rolled back.
  P2028: 'refused',
}

// What Prisma's driver adapter calls it, where a statement of a transaction fails before the client sees it.
const KIND_OF_ADAPTER_ERROR: Readonly<Record<string, DatabaseErrorKind>> = {
  ConnectionClosed: 'unknown-outcome',
  SocketTimeout: 'unknown-outcome',
  DatabaseNotReachable: 'unknown-outcome',
  TlsConnectionError: 'unknown-outcome',
  TooManyConnections: 'refused',
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

// node-postgres gives these no code.
const KIND_OF_MESSAGE: readonly (readonly [string, DatabaseErrorKind])[] = [
  ['timeout exceeded when trying to connect', 'refused'],
  ['Connection terminated', 'unknown-outcome'],
  ['timeout expired', 'unknown-outcome'],
  ['is not queryable', 'unknown-outcome'],
]

/** Classifies anything thrown by a statement, by Prisma, or by connecting. */
export function classifyDatabaseError(error: unknown): DatabaseErrorKind {
  if (error instanceof UnsafeReplicationError) return 'refused'
  if (error instanceof NoWriterError || valueAt(error, 'cause') instanceof NoWriterError)
    return 'retryable-before-commit'
  const state = sqlStateOf(error)
  if (state !== undefined) return KIND_OF_STATE[state] ?? KIND_OF_STATE[state.slice(0, 2)] ?? 'other'
  const code = stringAt(error, 'code') ?? ''
  const adapterKind = code === '' ? (stringAt(driverError(error), 'kind') ?? '') : ''
  return (
    KIND_OF_PRISMA_CODE[code] ??
    KIND_OF_SYSTEM_CODE[code] ??
    // An error of class 08 that node-postgres did not make out of the server's, Prisma passes on as it is.
    KIND_OF_STATE[code.slice(0, 2)] ??
    KIND_OF_ADAPTER_ERROR[adapterKind] ??
    kindOfMessage(error)
  )
}

/** The constraint that a unique violation names; undefined for any other error. */
export function violatedConstraint(error: unknown): string | undefined {
  if (sqlStateOf(error) !== '23505') return undefined
  return stringAt(error, 'constraint') ?? stringAt(driverError(error), 'constraint', 'index')
}

/**
 * Whether the connection that a statement failed on must not be used again: it is gone, or what it prepared no
 * longer fits the tables, which another version of Parley has migrated meanwhile.
 */
export function isConnectionSpoilt(error: unknown): boolean {
  return classifyDatabaseError(error) === 'unknown-outcome' || sqlStateOf(error) === '0A000'
}

function sqlStateOf(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : stringAt(driverError(error), 'originalCode')
}

/** What Prisma's driver adapter made of PostgreSQL's error, before the client made something else of it. */
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
