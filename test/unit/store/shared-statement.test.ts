import pg from 'pg'
import { expect, test } from 'vitest'
import { shareStatement } from '../../../src/store/sql/shared-statement.ts'
import { createManualWork } from '../../harness/fixtures/manual-work.ts'

const LIMITS = { maxBatch: 10, concurrency: 1 }

/** An error of PostgreSQL with this SQLSTATE. */
function databaseError(code: string): Error {
  return Object.assign(new pg.DatabaseError('failed', 0, 'error'), { code })
}

test('calls that come while a statement is in progress share the next one, each with its own result', async () => {
  const { run, calls } = createManualWork<string, string>()
  const call = shareStatement({ ...LIMITS, run })
  const first = call('alice')
  const inProgress = await calls.next()
  const later = [call('bob'), call('carol')]
  inProgress.finish(['hello alice'])
  const next = await calls.next()
  expect(next.items).toEqual(['bob', 'carol'])
  next.finish(['hello bob', 'hello carol'])
  expect(await Promise.all([first, ...later])).toEqual(['hello alice', 'hello bob', 'hello carol'])
})

test('a value that the database rejects fails its own call and no other', async () => {
  const statements: (readonly string[])[] = []
  const call = shareStatement<string, string>({
    ...LIMITS,
    async run(names) {
      statements.push(names)
      if (names.includes('\0')) throw databaseError('22021')
      return names.map((name) => `hello ${name}`)
    },
  })
  const outcomes = await Promise.allSettled(['alice', '\0', 'bob'].map(call))
  expect(outcomes).toMatchObject([
    { value: 'hello alice' },
    { reason: { code: '22021' } },
    { value: 'hello bob' },
  ])
  expect(statements).toEqual([['alice', '\0', 'bob'], ['alice'], ['\0'], ['bob']])
})

test('if the database is away, the statement is not repeated for each call', async () => {
  let statements = 0
  const call = shareStatement<string, string>({
    ...LIMITS,
    async run() {
      statements += 1
      throw databaseError('57P01')
    },
  })
  const outcomes = await Promise.allSettled(['alice', 'bob'].map(call))
  expect(outcomes).toMatchObject([{ reason: { code: '57P01' } }, { reason: { code: '57P01' } }])
  expect(statements).toBe(1)
})
