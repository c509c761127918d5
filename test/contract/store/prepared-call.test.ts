import { afterAll, expect, test } from 'vitest'
import { ConnectionPool } from '../../../src/store/sql/connection-pool.ts'
import type { Statement } from '../../../src/store/sql/statement.ts'
import { parseTimestamp } from '../../../src/store/sql/timestamps.ts'
import { captureLog } from '../../harness/fixtures/captured-log.ts'
import { createTestDatabase } from '../../harness/servers/database.ts'

const resources = new AsyncDisposableStack()
afterAll(() => resources.disposeAsync())
const { url } = resources.use(await createTestDatabase())

const ECHO: Statement = {
  name: 'echo',
  text: `SELECT $1::int AS number, $2::text AS word, $3::bytea = '\\x00ff' AS "isEqual", $4::json->>'a' AS member,
    timestamptz '2026-11-23 09:00:00.5+00' AS at FROM generate_series(1, $5::int)`,
  columns: { number: Number, word: String, isEqual: String, member: String, at: parseTimestamp },
}
const ARRAYS: Statement = {
  name: 'arrays',
  text: 'SELECT to_json($1::int[]) AS numbers, to_json($2::text[]) AS words',
  columns: { numbers: JSON.parse, words: JSON.parse },
}
const DIVIDE: Statement = {
  name: 'divide',
  text: 'SELECT 1 / $1::int AS quotient',
  columns: { quotient: Number },
}
const PREPARED: Statement = {
  name: 'prepared',
  text: 'SELECT name FROM pg_prepared_statements ORDER BY name',
  columns: { name: String },
}
const TERMINATE: Statement = {
  name: 'terminate',
  text: 'SELECT pg_terminate_backend(pg_backend_pid())',
  columns: {},
}

/** A pool of one connection, so that statements follow each other on it. */
function openPool(address = url): AsyncDisposable & ConnectionPool {
  const options = { name: 'test', isReadOnly: false, size: 1, queryDeadlineMs: 2_000 }
  const pool = new ConnectionPool({ url: address, ...options, logger: captureLog().logger })
  return Object.assign(pool, { [Symbol.asyncDispose]: () => pool.end() })
}

const VALUES = [7, 'Grüße', Buffer.from([0, 255]), { a: 'b' }]
const ROW = { number: 7, word: 'Grüße', isEqual: 't', member: 'b', at: new Date('2026-11-23T09:00:00.500Z') }

test('sends values of each kind, and returns rows with parsed columns', async () => {
  await using pool = openPool()
  expect(await pool.run(ECHO, [...VALUES, 2])).toEqual([ROW, ROW])
  expect(await pool.run(ECHO, [...VALUES, 0])).toEqual([])
  const nulls = { number: null, word: null, isEqual: null, member: null, at: ROW.at }
  expect(await pool.run(ECHO, [null, null, null, null, 1])).toEqual([nulls])
})

test('sends arrays as those of PostgreSQL', async () => {
  await using pool = openPool()
  const words = ['tea', 'a "b", {c}', 'back\\slash', '', 'NULL', null, undefined]
  const sent = [[1, -2, null], words]
  const received = { numbers: [1, -2, null], words: [...words.slice(0, -1), null] }
  expect(await pool.run(ARRAYS, sent)).toEqual([received])
  expect(await pool.run(ARRAYS, [[], []])).toEqual([{ numbers: [], words: [] }])
})

test('prepares a statement once for each connection', async () => {
  await using pool = openPool()
  await pool.run(ECHO, [...VALUES, 1])
  await pool.run(ECHO, [...VALUES, 1])
  expect(await pool.run(PREPARED, [])).toEqual([{ name: 'echo' }, { name: 'prepared' }])
})

test('prepares nothing behind a pooler that does not keep prepared statements', async () => {
  await using pool = openPool(`${url}${url.includes('?') ? '&' : '?'}pgbouncer=true`)
  expect(await pool.run(ECHO, [...VALUES, 1])).toEqual([ROW])
  expect(await pool.run(PREPARED, [])).toEqual([])
})

test('rejects with the error of the server, and the connection stays usable', async () => {
  await using pool = openPool()
  await expect(pool.run(DIVIDE, [0])).rejects.toMatchObject({ code: '22012' })
  await expect(pool.run(DIVIDE, ['x'])).rejects.toMatchObject({ code: '22P02' })
  expect(await pool.run(DIVIDE, [1])).toEqual([{ quotient: 1 }])
})

test('rejects if the connection is lost, and the next statement gets another one', async () => {
  await using pool = openPool()
  await expect(pool.run(TERMINATE, [])).rejects.toMatchObject({ code: '57P01' })
  expect(await pool.run(DIVIDE, [1])).toEqual([{ quotient: 1 }])
})
