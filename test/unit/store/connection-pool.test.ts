import pg, { type PoolClient } from 'pg'
import { expect, test } from 'vitest'
import { ConnectionPool } from '../../../src/store/sql/connection-pool.ts'

test('logs a connection that is lost, and not one that the stopping server closes', async () => {
  const lost: string[] = []
  const logger = { warn: (...[{ err }]: readonly [Readonly<{ err: Error }>]) => lost.push(err.message) }
  const pool = new ConnectionPool({
    url: 'postgres://127.0.0.1:1/parley',
    name: 'test',
    isReadOnly: false,
    size: 1,
    queryDeadlineMs: 1_000,
    logger: logger as never,
  })
  const client = new pg.Client() as PoolClient
  pool.emit('connect', client)
  client.emit('error', new Error('connection reset'))
  await pool.end()
  client.emit('error', new Error('terminating connection due to administrator command'))
  expect(lost).toEqual(['connection reset'])
})
