import pg from 'pg'
import { expect, test } from 'vitest'
import {
  classifyDatabaseError,
  isConnectionUnusable,
  type DatabaseErrorKind,
} from '../../../src/store/sql/database-error.ts'

function postgresError(code: string): Error {
  return Object.assign(new pg.DatabaseError('…', 1, 'error'), { code })
}

function prismaError(code: string, cause?: object): Error {
  const meta = cause === undefined ? {} : { driverAdapterError: { name: 'DriverAdapterError', cause } }
  return Object.assign(new Error('…'), { code, meta })
}

const STATES: Readonly<Record<string, DatabaseErrorKind>> = {
  '08006': 'unknown-outcome',
  '22001': 'other',
  '23505': 'unique-violation',
  '25006': 'retryable-before-commit',
  '25P03': 'retryable-before-commit',
  '40001': 'retryable-before-commit',
  '40P01': 'retryable-before-commit',
  '42601': 'other',
  '53100': 'rejected',
  '53300': 'rejected',
  '55P03': 'retryable-before-commit',
  '57014': 'rejected',
  '57P01': 'unknown-outcome',
  '57P02': 'unknown-outcome',
  '57P03': 'unknown-outcome',
}

test.each(Object.entries(STATES))('SQLSTATE %s is %s, from PostgreSQL and through Prisma', (state, kind) => {
  expect(classifyDatabaseError(postgresError(state))).toBe(kind)
  expect(classifyDatabaseError(prismaError('P2010', { originalCode: state }))).toBe(kind)
})

test.each<[string, DatabaseErrorKind]>([
  ['P1001', 'unknown-outcome'],
  ['P1017', 'unknown-outcome'],
  ['P2024', 'rejected'],
  ['P2025', 'other'],
  ['P2028', 'rejected'],
])("Prisma's %s without an SQLSTATE is %s", (code, kind) => {
  expect(classifyDatabaseError(prismaError(code, { kind: 'DatabaseNotReachable' }))).toBe(kind)
})

test.each<[string, DatabaseErrorKind]>([
  ['Connection terminated unexpectedly', 'unknown-outcome'],
  ['Connection terminated due to connection timeout', 'unknown-outcome'],
  ['Client was closed and is not queryable', 'unknown-outcome'],
  ['timeout exceeded when trying to connect', 'rejected'],
  ['seq is undefined', 'other'],
])('"%s" is %s', (message, kind) => {
  expect(classifyDatabaseError(new Error(message))).toBe(kind)
})

test('classifies a value that is not an error as other', () => {
  for (const thrown of [undefined, null, 'text', 42, {}]) expect(classifyDatabaseError(thrown)).toBe('other')
})

test('a connection is unusable if it is lost or its prepared statements are stale', () => {
  expect(['57P01', '08006', '0A000'].map(postgresError).every(isConnectionUnusable)).toBe(true)
  expect(['23505', '40001', '57014'].map(postgresError).some(isConnectionUnusable)).toBe(false)
})
