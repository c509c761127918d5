import { expect, test } from 'vitest'
import { createStatementNames } from '../../../src/store/sql/prisma-client.ts'

test('the same SQL has the same name, another has another', () => {
  const name = createStatementNames()
  expect(name({ sql: 'SELECT 1' })).toBe(name({ sql: 'SELECT 1' }))
  expect(name({ sql: 'SELECT 1' })).not.toBe(name({ sql: 'SELECT 2' }))
})

test('beyond the limit nothing is prepared, and what has a name keeps it', () => {
  const name = createStatementNames(1)
  const first = name({ sql: 'SELECT 1' })
  expect([name({ sql: 'SELECT 2' }), name({ sql: 'SELECT 1' })]).toEqual(['', first])
})
