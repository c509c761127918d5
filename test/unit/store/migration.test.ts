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

test('all migrations are pending on a new database, in order', () => {
  expect(compareMigrations([migration('1'), migration('2')], [])).toEqual({ ...NOTHING, pending: ['1', '2'] })
})

test('an applied migration is not pending', () => {
  const status = compareMigrations([migration('1'), migration('2')], [record('1')])
  expect(status).toEqual({ ...NOTHING, applied: ['1'], pending: ['2'] })
})

test('a migration with other content than when it was applied is edited', () => {
  expect(compareMigrations([migration('1', 'changed')], [record('1')])).toEqual({ ...NOTHING, edited: ['1'] })
})

test('a migration that was started but not finished has failed, and is not pending', () => {
  const status = compareMigrations([migration('1')], [record('1', { isFinished: false })])
  expect(status).toEqual({ ...NOTHING, failed: ['1'] })
})

test('a migration of a newer version is unknown', () => {
  expect(compareMigrations([migration('1')], [record('1'), record('2')])).toEqual({
    ...NOTHING,
    applied: ['1'],
    unknown: ['2'],
  })
})
