import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createDatabase, type Database, type DatabaseOptions } from '../../../src/store/database.ts'
import { withReadPosition } from '../../../src/store/replicas/freshness.ts'
import { pause } from '../../../src/lib/async.ts'
import { migrate } from '../../../src/store/migrations/migrate.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import { type PostgresServer, startPrimary } from '../../harness/servers/postgres-server.ts'
import { multiHostUrl } from '../../harness/servers/multi-host-url.ts'
import { startTcpProxy } from '../../harness/network/tcp-proxy.ts'

const INSERT = {
  name: 'insert_user',
  text: 'INSERT INTO users (id, name, claims_issued_at) VALUES ($1, $1, now())',
}
const COUNT = { name: 'count_users', text: 'SELECT count(*)::int AS count FROM users' }
const PORT = { name: 'port', text: `SELECT current_setting('port')::int AS port` }

const resources = new AsyncDisposableStack()
let primary: PostgresServer
let replicas: readonly [PostgresServer, PostgresServer]

beforeAll(async () => {
  primary = resources.use(await startPrimary())
  await migrate({ url: primary.url })
  replicas = [resources.use(await primary.startStandby()), resources.use(await primary.startStandby())]
})
afterAll(() => resources.disposeAsync())

type TestDatabase = Database & AsyncDisposable & Readonly<{ metrics: ReturnType<typeof createMetrics> }>

async function open(
  replicaUrls: readonly string[],
  options: Partial<DatabaseOptions> = {},
): Promise<TestDatabase> {
  const metrics = createMetrics()
  const logger = pino({ level: process.env['TEST_LOG_LEVEL'] ?? 'silent' })
  const database = createDatabase({ writerUrl: primary.url, replicaUrls, logger, metrics, ...options })
  await database.start()
  return { ...database, metrics, [Symbol.asyncDispose]: () => database.stop() }
}

/** Reads with alice's last write as the required position. Returns the server. */
async function portForAlice({ marks, reader }: Database): Promise<number | undefined> {
  const rows = await withReadPosition(
    async () => marks?.requiredPosition('alice'),
    () => reader.query<{ port: number }>(PORT),
  )
  return rows[0]?.port
}

function ports(...servers: readonly PostgresServer[]): readonly number[] {
  return servers.map(({ port }) => port)
}

/** Reads until one of these servers answers: a replica is used once it has been checked. */
async function expectReadsAt(database: Database, ...servers: readonly PostgresServer[]): Promise<void> {
  await expect
    .poll(() => portForAlice(database), { timeout: 5_000, interval: 20 })
    .toSatisfy((port: number) => ports(...servers).includes(port))
}

test('reads go to the primary, or to a replica if a required position is given', async () => {
  await using database = await open([replicas[0].url])
  await expectReadsAt(database, replicas[0])
  expect(await database.reader.query(PORT)).toEqual([{ port: primary.port }])
  const text = await database.metrics.registry.getSingleMetricAsString('parley_database_reads_total')
  expect(text).toContain('{from="replica",reason="fresh enough"}')
  expect(text).toContain('{from="primary",reason="latest"}')
})

test('replicas share the load, and one operation reads from one of them', async () => {
  await using database = await open(replicas.map(({ url }) => url))
  await expectReadsAt(database, replicas[0])
  await expectReadsAt(database, replicas[1])
  const seen: (number | undefined)[] = []
  for (let turn = 0; turn < 10; turn += 1) seen.push(await portForAlice(database))
  expect(new Set(seen)).toEqual(new Set(ports(...replicas)))
  const operation = await withReadPosition(
    async () => 0,
    () => Promise.all(Array.from({ length: 8 }, () => database.reader.query<{ port: number }>(PORT))),
  )
  expect(new Set(operation.map(([row]) => row?.port)).size).toBe(1)
})

test('a replica that stopped replaying serves only viewers who did not write', async () => {
  await using database = await open([replicas[0].url])
  await expectReadsAt(database, replicas[0])
  await replicas[0].pauseReplay()
  try {
    await database.writer.query(INSERT, ['bob'])
    await database.marks?.recordWrite('alice')
    expect(await portForAlice(database)).toBe(primary.port)
    const carols = await withReadPosition(
      async () => database.marks?.requiredPosition('carol'),
      () => database.reader.query(PORT),
    )
    expect(carols).toEqual([{ port: replicas[0].port }])
  } finally {
    await replicas[0].resumeReplay()
  }
  await expectReadsAt(database, replicas[0])
})

test('a viewer can read what was delivered to them', async () => {
  await using database = await open([replicas[0].url])
  await expectReadsAt(database, replicas[0])
  await replicas[0].pauseReplay()
  try {
    await database.writer.query(INSERT, ['told'])
    database.marks?.recordDelivery('alice')
    expect(await portForAlice(database)).toBe(primary.port)
  } finally {
    await replicas[0].resumeReplay()
  }
})

test('reads on a replica with a silent network end on the primary within a second', async () => {
  await using proxy = await startTcpProxy(replicas[0].url)
  await using database = await open([proxy.url])
  await expectReadsAt(database, replicas[0])
  proxy.blackhole()
  const from = performance.now()
  expect(await portForAlice(database)).toBe(primary.port)
  expect(performance.now() - from).toBeLessThan(1_200)
  const again = performance.now()
  expect(await portForAlice(database)).toBe(primary.port)
  // A second read that waited for the replica would take the whole second.
  expect(performance.now() - again).toBeLessThan(900)
  proxy.restore()
  await expectReadsAt(database, replicas[0])
})

test('the death of a replica causes no errors, and it is used again after its return', async () => {
  await using database = await open([replicas[1].url])
  await expectReadsAt(database, replicas[1])
  await replicas[1].kill()
  expect(await portForAlice(database)).toBe(primary.port)
  await replicas[1].start()
  await expectReadsAt(database, replicas[1])
})

test('without a primary, reads that accept older data go to a standby', async () => {
  const url = multiHostUrl([primary, replicas[0]])
  await using database = await open([], { writerUrl: url })
  await database.writer.query(INSERT, ['last'])
  await database.marks?.recordWrite('alice')
  expect(await portForAlice(database)).toBe(primary.port)
  await primary.kill()
  await expectReadsAt(database, replicas[0])
  const [row] = await withReadPosition(
    async () => database.marks?.requiredPosition('alice'),
    () => database.reader.query<{ count: number }>(COUNT),
  )
  expect(row?.count).toBeGreaterThan(0)
  await primary.start()
  await expectReadsAt(database, primary)
})

test('a replica that follows another primary is not used', async () => {
  await using promoted = await primary.startStandby()
  await promoted.promote()
  await using database = await open([replicas[0].url], { writerUrl: promoted.url })
  // It is checked four times a second, and never used.
  for (let read = 0; read < 20; read += 1) {
    expect(await portForAlice(database)).toBe(promoted.port)
    await pause(50)
  }
})
