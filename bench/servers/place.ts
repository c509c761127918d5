import { readFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { runAfterUs } from '../../scripts/cluster-child.ts'
import { startRedis } from '../../scripts/cluster-redis.ts'
import { startEmbeddedPostgres } from '../../src/store/embedded/embedded-postgres.ts'

/** The secret with which all measured servers verify tokens. */
export const SECRET = 'a secret for the bench, of thirty-two bytes and more'

/** A PostgreSQL server, which the measured systems share. Only one of them is under load at a time. */
export type Place = AsyncDisposable &
  Readonly<{
    /** For logs and data. Removed at the end. */
    folder: string
    postgresPid: number
    /** Creates an empty database and returns its URL. */
    createDatabase(name: string): Promise<string>
    /** Starts a Redis server. Channels are not separated by database, so each system has its own. */
    startRedis(): Promise<Redis>
  }>

export type Redis = AsyncDisposable & Readonly<{ pid: number; url: string }>

/** There is room for the connections of several systems. Every commit waits for the disk, as it does by default. */
const SETTINGS = {
  max_connections: '300',
  shared_buffers: '1GB',
  max_wal_size: '8GB',
  checkpoint_timeout: '30min',
}

/** Stops PostgreSQL at once if the benchmark is killed, and removes its data. */
const REMOVE = 'kill -QUIT "$1"; while kill -0 "$1"; do sleep 0.1; done; rm -rf "$2"'

export async function startPlace(): Promise<Place> {
  await using resources = new AsyncDisposableStack()
  const folder = await mkdtemp(join(process.env['BENCH_DIR'] ?? tmpdir(), 'parley-bench-'))
  resources.defer(() => rm(folder, { recursive: true, force: true }))
  const database = await startEmbeddedPostgres({ dataDir: folder, settings: SETTINGS })
  resources.defer(() => database.stop())
  const postgresPid = Number.parseInt(await readFile(join(folder, 'postgres', 'postmaster.pid'), 'utf8'), 10)
  const disarm = runAfterUs(REMOVE, [`${postgresPid}`, folder])
  resources.defer(disarm)
  const owned = resources.move()
  return {
    folder,
    postgresPid,
    createDatabase: (name) => createDatabase(database.url, name),
    async startRedis() {
      const { pid, url, stop } = await startRedis(folder)
      return { pid, url, [Symbol.asyncDispose]: () => stop() }
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** Creates a database on the server of `url`, owned by the same role. Returns its URL. */
export async function createDatabase(url: string, name: string): Promise<string> {
  const address = new URL(url)
  await withClient(asSuperuser(url), (client) =>
    client.query(`CREATE DATABASE "${name}" OWNER ${address.username}`),
  )
  address.pathname = `/${name}`
  return address.href
}

/** Returns the URL for the superuser. Parley's own role cannot create databases or read executed plans. */
export function asSuperuser(url: string): string {
  const address = new URL(url)
  address.username = 'postgres'
  return address.href
}

export async function withClient<Result>(
  url: string,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
