import { pino } from 'pino'
import { expect, test } from 'vitest'
import { createDatabase, type Database, type DatabaseOptions } from '../../../src/store/database.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import { classifyDatabaseError } from '../../../src/store/sql/database-error.ts'
import { startEmbeddedPostgres } from '../../../src/store/embedded/embedded-postgres.ts'
import { migrate } from '../../../src/store/migrations/migrate.ts'
import { until } from '../../harness/fixtures/until.ts'
import { startTcpProxy } from '../../harness/network/tcp-proxy.ts'
import { connect, createTestDatabase } from '../../harness/servers/database.ts'
import { killPostgres, createDataFolder } from '../../harness/servers/data-folder.ts'

const logger = pino({ level: 'silent' })

async function open(
  writerUrl: string,
  options: Partial<DatabaseOptions> = {},
): Promise<Database & AsyncDisposable> {
  const database = createDatabase({ metrics: createMetrics(), writerUrl, logger, ...options })
  await database.start()
  return { ...database, [Symbol.asyncDispose]: () => database.stop() }
}

function person(id: string) {
  return { id, name: id, claimsIssuedAt: new Date('2026-03-29T01:30:00.123Z') }
}

const INSERT_USER = {
  name: 'insert_user',
  text: `INSERT INTO users (id, name, claims_issued_at) VALUES ($1, $1, now()) RETURNING id, created_at AS "createdAt"`,
}
const COUNT_USERS = { name: 'count_users', text: 'SELECT count(*)::int AS count FROM users' }
const BACKEND = { name: 'backend', text: 'SELECT pg_backend_pid() AS pid' }
const SETTING = { name: 'setting', text: 'SELECT current_setting($1) AS value' }
const SLEEP = { name: 'sleep', text: 'SELECT pg_sleep($1)' }

test('an empty URL is an error instead of localhost', () => {
  expect(() => createDatabase({ metrics: createMetrics(), writerUrl: '', logger })).toThrow(
    'The database URL is empty',
  )
})

test('start rejects if no database answers', async () => {
  const database = createDatabase({
    metrics: createMetrics(),
    writerUrl: 'postgresql://alice:secret@127.0.0.1:1/parley',
    logger,
  })
  await expect(database.start()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  await database.stop()
})

test('start waits for a database that is slow to connect to', async () => {
  await using provided = await createTestDatabase()
  await using proxy = await startTcpProxy(provided.url)
  // Connecting takes four round trips.
  proxy.delay(300)
  await using database = await open(proxy.url)
  expect(await database.reader.query(SETTING, ['application_name'])).toEqual([{ value: 'parley-reader' }])
})

test('times are the same by SQL and Prisma, and with a server in another time zone', async () => {
  await using provided = await createTestDatabase()
  await using database = await open(`${provided.url}?options=-c%20timezone%3DEurope%2FBerlin`)
  const alice = person('alice')
  await database.writer.prisma.user.create({ data: alice })
  const read = {
    name: 'read',
    text: 'SELECT claims_issued_at AS at, claims_issued_at::text AS text FROM users',
  }
  const [row] = await database.reader.query<{ at: Date; text: string }>(read)
  expect(row).toEqual({ at: alice.claimsIssuedAt, text: '2026-03-29 01:30:00.123+00' })
  const [user] = await database.reader.prisma.user.findMany()
  expect(user?.claimsIssuedAt).toEqual(alice.claimsIssuedAt)
  await database.writer.query({ name: 'write', text: 'UPDATE users SET claims_issued_at = $1' }, [
    new Date(0),
  ])
  expect((await database.reader.prisma.user.findMany())[0]?.claimsIssuedAt).toEqual(new Date(0))
})

test('bytes, uuids, arrays and nulls have the types that the stores rely on', async () => {
  await using provided = await createTestDatabase()
  await using database = await open(provided.url)
  const text =
    'SELECT $1::bytea AS bytes, $2::uuid AS id, $3::text[] AS names, $4::int AS seq, NULL AS nothing'
  const id = '01890a5d-ac96-774b-bcce-b302099a8057'
  const values = [Buffer.from([0, 255]), id, ['a,b', '"c"'], 7]
  const expected = { bytes: Buffer.from([0, 255]), id, names: ['a,b', '"c"'], seq: 7, nothing: null }
  expect(await database.writer.query({ name: 'types', text }, values)).toEqual([expected])
  const inside = database.writer.transaction((tx) => tx.query({ name: 'types', text }, values))
  expect(await inside).toEqual([expected])
})

test('statements are prepared under their names, including Prisma’s', async () => {
  await using provided = await createTestDatabase()
  await using database = await open(provided.url, { poolSize: 1 })
  await database.writer.query(COUNT_USERS)
  await database.writer.prisma.user.findUnique({ where: { id: 'alice' } })
  const prepared = { name: 'prepared', text: `SELECT name FROM pg_prepared_statements ORDER BY name` }
  const names = (await database.writer.query<{ name: string }>(prepared)).map(({ name }) => name)
  expect(names).toEqual(expect.arrayContaining(['count_users', 'prisma_0']))
})

test('a reader’s sessions reject writes, even on the primary and without type checks', async () => {
  await using provided = await createTestDatabase()
  await using database = await open(provided.url)
  const { reader } = database
  await expect(reader.query(INSERT_USER, ['bob'])).rejects.toMatchObject({ code: '25006' })
  await expect(reader.snapshot((snapshot) => snapshot.query(INSERT_USER, ['bob']))).rejects.toMatchObject({
    code: '25006',
  })
  expect(await reader.query(SETTING, ['transaction_read_only'])).toEqual([{ value: 'on' }])
  expect(await database.writer.query(SETTING, ['transaction_read_only'])).toEqual([{ value: 'off' }])
  expect(await database.writer.prisma.user.count()).toBe(0)
})

test('the reads of a snapshot do not see concurrent commits', async () => {
  await using provided = await createTestDatabase()
  await using database = await open(provided.url)
  const counts = await database.reader.snapshot(async (snapshot) => {
    const before = await snapshot.query(COUNT_USERS)
    await database.writer.query(INSERT_USER, ['bob'])
    return [before, await snapshot.query(COUNT_USERS), await snapshot.prisma.user.count()]
  })
  expect(counts).toEqual([[{ count: 0 }], [{ count: 0 }], 0])
  expect(await database.reader.query(COUNT_USERS)).toEqual([{ count: 1 }])
})

test('a transaction runs SQL and Prisma on one connection, even if connections are scarce', async () => {
  await using provided = await createTestDatabase()
  await using database = await open(provided.url, { poolSize: 2 })
  const ids = Array.from({ length: 20 }, (_, index) => `user-${index}`)
  const pids = ids.map((id) =>
    database.writer.transaction(async (tx) => {
      await tx.prisma.user.create({ data: person(id) })
      const [own] = await tx.query<{ pid: number; count: number }>(
        {
          name: 'own',
          text: 'SELECT pg_backend_pid() AS pid, count(*)::int AS count FROM users WHERE id = $1',
        },
        [id],
      )
      const [other] = await tx.prisma.$queryRaw<[{ pid: number }]>`SELECT pg_backend_pid() AS pid`
      return [own?.count, own?.pid === other.pid]
    }),
  )
  expect(await Promise.all(pids)).toEqual(ids.map(() => [1, true]))
})

test('a transaction that rejects is rolled back, and one that resolves is committed', async () => {
  await using provided = await createTestDatabase()
  await using database = await open(provided.url)
  const failing = database.writer.transaction(async (tx) => {
    await tx.query(INSERT_USER, ['alice'])
    await tx.prisma.user.create({ data: person('bob') })
    throw new Error('changed my mind')
  })
  await expect(failing).rejects.toThrow('changed my mind')
  expect(await database.reader.prisma.user.count()).toBe(0)
  await database.writer.transaction((tx) => tx.query(INSERT_USER, ['carol']))
  expect(await database.reader.prisma.user.count()).toBe(1)
})

test('a failed statement does not leak a connection', async () => {
  await using provided = await createTestDatabase()
  await using database = await open(provided.url, { poolSize: 1 })
  await database.writer.query(INSERT_USER, ['alice'])
  const before = await database.writer.query(BACKEND)
  await expect(database.writer.query(INSERT_USER, ['alice'])).rejects.toMatchObject({ code: '23505' })
  expect(await database.writer.query(BACKEND)).toEqual(before)
})

test('a prepared statement that a migration made stale works on the next attempt', async () => {
  await using provided = await createTestDatabase()
  await using database = await open(provided.url, { poolSize: 1 })
  const all = { name: 'all_users', text: 'SELECT * FROM users' }
  await database.writer.query(all)
  await using other = await open(provided.url)
  await other.writer.query({ name: 'alter', text: 'ALTER TABLE users ADD COLUMN nickname text' })
  await expect(database.writer.query(all)).rejects.toMatchObject({ code: '0A000' })
  expect(await database.writer.query(all)).toEqual([])
})

test('the server cancels a slow statement before its connection is closed', async () => {
  await using provided = await createTestDatabase()
  await using database = await open(provided.url, { poolSize: 1, queryDeadlineMs: 400 })
  const before = await database.writer.query(BACKEND)
  await expect(database.writer.query(SLEEP, [30])).rejects.toMatchObject({ code: '57014' })
  expect(await database.writer.query(BACKEND)).toEqual(before)
})

test.each(['query', 'transaction', 'prisma'] as const)(
  'a %s on a server that does not answer ends at its deadline, and its connection is not used again',
  async (way) => {
    await using provided = await createTestDatabase()
    await using database = await open(provided.url, { poolSize: 1, queryDeadlineMs: 400 })
    const { writer } = database
    const before = await writer.query(BACKEND)
    const hang = `SELECT set_config('statement_timeout', '0', false), pg_sleep(30)::text`
    await writer.query({ name: 'no_timeout', text: `SET statement_timeout = 0` })
    const hanging = {
      query: () => writer.query(SLEEP, [30]),
      transaction: () => writer.transaction((tx) => tx.query(SLEEP, [30])),
      prisma: () => writer.prisma.$queryRawUnsafe(hang),
    }
    await expect(hanging[way]()).rejects.toThrow('Connection terminated')
    expect(await writer.query(BACKEND)).not.toEqual(before)
  },
)

test('a read whose connection is lost is repeated, and a write is not', async () => {
  await using provided = await createTestDatabase()
  await using database = await open(provided.url)
  await using operator = await connect(provided.url)
  const endSleeping = (name: string): Promise<unknown> =>
    until(async () => {
      const sleeping = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = $1 AND state = 'active' AND query LIKE '%pg_sleep%'`
      return (await operator.client.query(sleeping, [name])).rowCount === 1
    })
  const [read] = await Promise.all([database.reader.query(SLEEP, [1]), endSleeping('parley-reader')])
  expect(read).toHaveLength(1)
  const write = database.writer.query(SLEEP, [1]).then(() => 'written', classifyDatabaseError)
  await endSleeping('parley-writer')
  expect(await write).toBe('unknown-outcome')
})

test('a database outage neither ends the process nor requires a restart', async () => {
  await using folder = await createDataFolder()
  await using server = await startEmbeddedPostgres({ dataDir: folder.path })
  await migrate({ url: server.url })
  await using database = await open(server.url)
  await Promise.all([1, 2, 3].map(() => database.writer.query(SLEEP, [0])))
  const hanging = [
    database.writer.query(SLEEP, [30]),
    database.writer.transaction((tx) => tx.query(SLEEP, [30])),
  ]
  const outcomes = hanging.map((work) => work.then(() => 'committed', classifyDatabaseError))
  await killPostgres(folder.path)
  expect(await Promise.all(outcomes)).toEqual(['unknown-outcome', 'unknown-outcome'])
  await expect
    .poll(
      () =>
        database.ping().then(
          () => 'answers',
          () => 'away',
        ),
      { timeout: 10_000 },
    )
    .toBe('answers')
  expect(await database.reader.query(COUNT_USERS)).toEqual([{ count: 0 }])
})

test('stop waits for running statements, and may be called twice', async () => {
  await using provided = await createTestDatabase()
  const database = await open(provided.url)
  const started = Promise.withResolvers<void>()
  const running = database.writer.transaction(async (tx) => {
    await tx.query(BACKEND)
    started.resolve()
    await tx.query(SLEEP, [0.2])
    await tx.prisma.user.create({ data: person('alice') })
  })
  await started.promise
  await Promise.all([database.stop(), database.stop(), running])
  await expect(database.ping()).rejects.toThrow('after calling end')
  await using again = await open(provided.url)
  expect(await again.reader.prisma.user.count()).toBe(1)
})
