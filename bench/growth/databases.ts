import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedPostgres } from '../../src/store/embedded/embedded-postgres.ts'
import { migrate } from '../../src/store/migrations/migrate.ts'
import { DAYS, fillWithMessages } from '../../test/harness/plans/fill-database.ts'
import { createDatabase, withClient } from '../servers/place.ts'
import { addMeasuredUsers } from './measured-users.ts'
import type { Size } from './sizes.ts'

/** A filled database. All of them are on one server. */
export type Filled = Readonly<{
  size: Size
  url: string
  /** Time to generate it. */
  seconds: number
  /** Size on the disk. */
  bytes: number
}>

export type Server = AsyncDisposable & Readonly<{ folder: string; fill(size: Size): Promise<Filled> }>

/** Settings of a production server: every commit waits for the disk. The larger buffers speed up filling. */
const SETTINGS = {
  shared_buffers: '1GB',
  max_wal_size: '8GB',
  checkpoint_timeout: '30min',
  maintenance_work_mem: '512MB',
  work_mem: '64MB',
}

export async function startServer(): Promise<Server> {
  const resources = new AsyncDisposableStack()
  const dataDir = await mkdtemp(join(process.env['BENCH_DIR'] ?? tmpdir(), 'parley-growth-'))
  resources.defer(() => rm(dataDir, { recursive: true, force: true }))
  const server = await startEmbeddedPostgres({ dataDir, settings: SETTINGS })
  resources.defer(() => server.stop())
  return {
    folder: dataDir,
    fill: (size) => fillDatabase(server.url, size),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

async function fillDatabase(serverUrl: string, size: Size): Promise<Filled> {
  const url = await createDatabase(serverUrl, `growth_${size}`)
  await migrate({ url })
  const began = performance.now()
  return withClient(url, async (client) => {
    await fillWithMessages(client, size, (day) =>
      process.stderr.write(`\r${size} messages: day ${day} of ${DAYS} `),
    )
    await addMeasuredUsers(client, size)
    process.stderr.write(`vacuum ...`)
    await client.query('VACUUM (ANALYZE)')
    const { rows } = await client.query<{ bytes: string }>(
      'SELECT pg_database_size(current_database()) AS bytes',
    )
    const seconds = (performance.now() - began) / 1000
    process.stderr.write(` filled in ${seconds.toFixed(1)} s\n`)
    return { size, url, seconds, bytes: Number(rows[0]?.bytes) }
  })
}
