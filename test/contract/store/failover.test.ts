import { pino } from 'pino'
import { expect, test } from 'vitest'
import { createDatabase, type Database, type DatabaseOptions } from '../../../src/store/database.ts'
import { classifyDatabaseError } from '../../../src/store/sql/database-error.ts'
import { migrate } from '../../../src/store/migrations/migrate.ts'
import { createTimelineFence } from '../../../src/store/failover/timeline-fence.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import { type PostgresServer, startPrimary } from '../../harness/servers/postgres-server.ts'
import { multiHostUrl } from '../../harness/servers/multi-host-url.ts'

const INSERT = {
  name: 'insert_user',
  text: 'INSERT INTO users (id, name, claims_issued_at) VALUES ($1, $1, now())',
}
const COUNT = { name: 'count_users', text: 'SELECT count(*)::int AS count FROM users' }
const PORT = { name: 'port', text: `SELECT current_setting('port')::int AS port` }

type TestDatabase = Database & AsyncDisposable & Readonly<{ metrics: ReturnType<typeof createMetrics> }>

async function open(
  servers: readonly PostgresServer[],
  options: Partial<DatabaseOptions> = {},
): Promise<TestDatabase> {
  const metrics = createMetrics()
  const logger = pino({ level: process.env['TEST_LOG_LEVEL'] ?? 'silent' })
  const database = createDatabase({ writerUrl: multiHostUrl(servers), logger, metrics, ...options })
  try {
    await database.start()
  } catch (error) {
    await database.stop()
    throw error
  }
  return { ...database, metrics, [Symbol.asyncDispose]: () => database.stop() }
}

async function startMigrated(): Promise<PostgresServer> {
  const primary = await startPrimary()
  await migrate({ url: primary.url })
  return primary
}

async function portOf(database: Database): Promise<number | undefined> {
  return (await database.writer.query<{ port: number }>(PORT))[0]?.port
}

/** Retries as gateways do. Resolves with the time that it took, in milliseconds. */
async function untilDone(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now()
  for (;;) {
    try {
      await work()
      return performance.now() - from
    } catch (error) {
      if (classifyDatabaseError(error) === 'other' || performance.now() - from > 15_000) throw error
    }
  }
}

test('writes go to the host that accepts them, regardless of its place in the URL', async () => {
  await using primary = await startMigrated()
  await using standby = await primary.startStandby()
  await using database = await open([standby, primary])
  expect(await portOf(database)).toBe(primary.port)
})

test('after a failover, Prisma and SQL write to the promoted standby within two seconds', async () => {
  await using primary = await startMigrated()
  await using standby = await primary.startStandby()
  await primary.requireStandby()
  await using database = await open([primary, standby])
  await database.writer.query(INSERT, ['alice'])
  await primary.kill()
  await standby.sql(`ALTER SYSTEM SET synchronous_standby_names = ''`)
  await standby.promote()
  const sql = untilDone(() => database.writer.query(INSERT, ['bob']))
  const prisma = untilDone(() =>
    database.writer.prisma.user.create({ data: { id: 'carol', name: 'Carol', claimsIssuedAt: new Date(0) } }),
  )
  const transaction = untilDone(() => database.writer.transaction((tx) => tx.query(INSERT, ['dave'])))
  expect(Math.max(await sql, await prisma, await transaction)).toBeLessThan(2_000)
  expect(await portOf(database)).toBe(standby.port)
  expect(await database.reader.query(COUNT)).toEqual([{ count: 4 }])
})

test('a former primary on an outdated timeline is never written to', async () => {
  await using primary = await startMigrated()
  await using standby = await primary.startStandby()
  await using database = await open([primary, standby])
  await standby.promote()
  await expect.poll(() => portOf(database), { timeout: 5_000 }).toBe(standby.port)
  const fence = createTimelineFence()
  fence.raise(2)
  await expect(open([primary], { fence })).rejects.toThrow('No server accepts writes')
})

test('a server that was overtaken since the last check gets no new connection', async () => {
  await using primary = await startMigrated()
  const fence = createTimelineFence()
  await using database = await open([primary], { fence })
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  // Holds the only connection, which was verified before.
  const holding = database.writer.transaction(async () => {
    begin()
    await ended
  })
  await begun
  fence.raise(2)
  await expect(database.writer.query(INSERT, ['alice'])).rejects.toThrow('No server accepts writes')
  end()
  await holding.catch(() => undefined)
})
