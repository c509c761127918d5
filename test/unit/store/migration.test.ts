import { expect, test } from 'vitest'
import {
  compareMigrations,
  type Migration,
  type MigrationRecord,
} from '../../../src/store/migrations/migration.ts'

function migration(name: string, checksum = `sum of ${name}`): Migration {
  return { name, sql: '', checksum }
}

function record(name: string, parts: Partial<MigrationRecord> = {}): MigrationRecord {
  return { name, checksum: `sum of ${name}`, isFinished: true, ...parts }
}

const NOTHING = { applied: [], pending: [], edited: [], failed: [], unknown: [] }

test('everything is pending on a database that was never migrated, in order', () => {
  expect(compareMigrations([migration('1'), migration('2')], [])).toEqual({ ...NOTHING, pending: ['1', '2'] })
})

test('what was applied is not pending', () => {
  const status = compareMigrations([migration('1'), migration('2')], [record('1')])
  expect(status).toEqual({ ...NOTHING, applied: ['1'], pending: ['2'] })
})

test('another content than was applied is an edit', () => {
  expect(compareMigrations([migration('1', 'changed')], [record('1')])).toEqual({ ...NOTHING, edited: ['1'] })
})

test('what was begun and not finished has failed, and is not pending', () => {
  const status = compareMigrations([migration('1')], [record('1', { isFinished: false })])
  expect(status).toEqual({ ...NOTHING, failed: ['1'] })
})

test('a migration of a newer version is unknown, which is no fault', () => {
  expect(compareMigrations([migration('1')], [record('1'), record('2')])).toEqual({
    ...NOTHING,
    applied: ['1'],
    unknown: ['2'],
  })
})
