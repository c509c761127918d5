import { mkdir, readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startEmbeddedPostgres } from '../../../src/store/embedded/embedded-postgres.ts'
import { EmbeddedPostgresError } from '../../../src/store/embedded/embedded-postgres-error.ts'
import { killPostgres, createDataFolder, type DataFolder } from '../../harness/servers/data-folder.ts'
import { startEmbeddedPostgresProcess } from '../../harness/servers/embedded-postgres-process.ts'

// Creating a database takes a second and starting one a tenth of that, so these tests share one, in order.
let folder: DataFolder

beforeAll(async () => {
  folder = await createDataFolder()
})

afterAll(() => folder[Symbol.asyncDispose]())

async function query<Row extends object>(url: string, sql: string): Promise<readonly Row[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Row>(sql)).rows
  } finally {
    await client.end()
  }
}

async function ask(url: string, sql: string): Promise<unknown> {
  return (await query<{ answer: unknown }>(url, sql))[0]?.answer
}

describe('an embedded server', () => {
  test('keeps its data between two runs', async () => {
    {
      await using first = await startEmbeddedPostgres({ dataDir: folder.path })
      await query(first.url, `CREATE TABLE kept AS SELECT 'hello bob' AS answer`)
    }
    await using second = await startEmbeddedPostgres({ dataDir: folder.path })
    expect(await ask(second.url, 'SELECT answer FROM kept')).toBe('hello bob')
  })

  test('is durable, in UTC, and supports text of any language', async () => {
    await using server = await startEmbeddedPostgres({ dataDir: folder.path })
    const settings = [
      'fsync',
      'timezone',
      'server_encoding',
      'max_connections',
      'wal_level',
      'listen_addresses',
    ]
    const answers = settings.map((name) => ask(server.url, `SELECT current_setting('${name}') AS answer`))
    expect(await Promise.all(answers)).toEqual(['on', 'UTC', 'UTF8', '100', 'replica', '127.0.0.1'])
  })

  test('requires its password, and gives Parley an ordinary role', async () => {
    await using server = await startEmbeddedPostgres({ dataDir: folder.path })
    const stranger = new URL(server.url)
    stranger.password = 'guess'
    await expect(ask(stranger.href, 'SELECT 1 AS answer')).rejects.toMatchObject({ code: '28P01' })
    expect(
      await ask(server.url, 'SELECT rolsuper AS answer FROM pg_roles WHERE rolname = current_user'),
    ).toBe(false)
    const { mode } = await stat(path.join(folder.path, 'postgres', 'parley.password'))
    expect(mode & 0o777).toBe(0o600)
  })

  test('rejects a second gateway on the same data, with an error that names the folder', async () => {
    await using first = await startEmbeddedPostgres({ dataDir: folder.path })
    const second = startEmbeddedPostgres({ dataDir: folder.path })
    await expect(second).rejects.toThrow(EmbeddedPostgresError)
    await expect(second).rejects.toThrow(`Another Parley is running on the data in ${folder.path}`)
    expect(await ask(first.url, 'SELECT 1 AS answer')).toBe(1)
  })

  test('starts for only one of two gateways that begin on an empty folder at once', async () => {
    await using folder = await createDataFolder()
    const starts = [1, 2].map(() => startEmbeddedPostgres({ dataDir: folder.path }))
    const outcomes = await Promise.allSettled(starts)
    const winners = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))
    const losers = outcomes.flatMap((outcome) =>
      outcome.status === 'rejected' ? [String(outcome.reason)] : [],
    )
    for (const { url } of winners) expect(await ask(url, 'SELECT 1 AS answer')).toBe(1)
    for (const winner of winners) await winner.stop()
    expect([winners.length, losers.length]).toEqual([1, 1])
    expect(losers[0]).toContain('Another Parley is running')
    expect((await readdir(folder.path)).sort()).toEqual(['postgres', 'postgres.log'])
  })

  test('is adopted if the previous gateway was killed and the server still runs', async () => {
    await using host = await startEmbeddedPostgresProcess(folder.path)
    await query(host.url, `CREATE TABLE taken_over AS SELECT pg_postmaster_start_time() AS answer`)
    await host.kill()
    await using server = await startEmbeddedPostgres({ dataDir: folder.path })
    expect(server.url).toBe(host.url)
    const isSame = 'SELECT pg_postmaster_start_time() = answer AS answer FROM taken_over'
    expect(await ask(server.url, isSame)).toBe(true)
  })

  test('is restarted on the same address when it dies, and stays locked', async () => {
    const again = Promise.withResolvers<void>()
    let starts = 0
    const logger = { warn: () => undefined, info: () => (++starts === 2 ? again.resolve() : undefined) }
    await using server = await startEmbeddedPostgres({ dataDir: folder.path, logger })
    await query(server.url, `CREATE TABLE revived AS SELECT 'durable' AS answer`)
    await killPostgres(folder.path)
    await again.promise
    expect(await ask(server.url, 'SELECT answer FROM revived')).toBe('durable')
    await expect(startEmbeddedPostgres({ dataDir: folder.path })).rejects.toThrow('Another Parley')
  })

  test('starts despite a stale postmaster.pid whose process id belongs to another program', async () => {
    const file = path.join(folder.path, 'postgres', 'postmaster.pid')
    await writeFile(file, [process.ppid, folder.path, 1, 5432, '', '127.0.0.1', '', 'ready   '].join('\n'))
    await using server = await startEmbeddedPostgres({ dataDir: folder.path })
    expect(await ask(server.url, 'SELECT 1 AS answer')).toBe(1)
  })

  test('reports which port is taken', async () => {
    await using other = await createDataFolder()
    await using first = await startEmbeddedPostgres({ dataDir: folder.path })
    const port = Number(new URL(first.url).port)
    await expect(startEmbeddedPostgres({ dataDir: other.path, port })).rejects.toThrow(
      `Port ${port} is taken`,
    )
  })

  test('stops once for any number of calls, and leaves no process', async () => {
    const server = await startEmbeddedPostgres({ dataDir: folder.path })
    await Promise.all([server.stop(), server.stop()])
    await expect(ask(server.url, 'SELECT 1 AS answer')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await expect(readFile(path.join(folder.path, 'postgres', 'postmaster.pid'))).rejects.toMatchObject({
      code: 'ENOENT',
    })
  })
})

describe('a data folder', () => {
  test('rejects data of another major version, and says what to do', async () => {
    await using folder = await createDataFolder()
    await mkdir(path.join(folder.path, 'postgres'))
    await writeFile(path.join(folder.path, 'postgres', 'PG_VERSION'), '15\n')
    await expect(startEmbeddedPostgres({ dataDir: folder.path })).rejects.toThrow(
      /was written by PostgreSQL 15, and this version of Parley brings PostgreSQL 18.*restore/,
    )
  })

  test('does not change a folder with other contents', async () => {
    await using folder = await createDataFolder()
    await mkdir(path.join(folder.path, 'postgres'))
    await writeFile(path.join(folder.path, 'postgres', 'diary.txt'), 'mine')
    await expect(startEmbeddedPostgres({ dataDir: folder.path })).rejects.toThrow('must be missing or empty')
    expect(await readdir(path.join(folder.path, 'postgres'))).toEqual(['diary.txt'])
    expect(await readdir(folder.path)).toEqual(['postgres'])
  })

  test('is created again after a crash during creation, and old remains are deleted', async () => {
    await using folder = await createDataFolder()
    const remains = path.join(folder.path, 'postgres.new-killed')
    await mkdir(path.join(remains, 'data'), { recursive: true })
    await utimes(remains, new Date(0), new Date(0))
    await using server = await startEmbeddedPostgres({ dataDir: folder.path })
    expect(await ask(server.url, 'SELECT 1 AS answer')).toBe(1)
    expect((await readdir(folder.path)).sort()).toEqual(['postgres', 'postgres.log'])
  })
})
