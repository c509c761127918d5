import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { backUp } from '../../../src/backup/back-up.ts'
import { EXCLUDED_TABLES } from '../../../src/backup/catalogue.ts'
import { restore } from '../../../src/backup/restore.ts'
import { migrate } from '../../../src/store/migrations/migrate.ts'
import { createTestDatabase, createEmptyTestDatabase, query } from '../../harness/servers/database.ts'
import { temporaryFolder } from '../cli/program.ts'
import { backUpTo, manifestIn } from './running.ts'

const ROUND = {
  parleyVersion: '1.0.0',
  signal: new AbortController().signal,
  report: () => undefined,
  reportIntervalMs: 1_000,
}

test('every table of the schema is backed up with all columns, or excluded for a stated reason', async () => {
  await using folder = await temporaryFolder()
  await using database = await createTestDatabase()
  const columns = await query<{ table: string; columns: string[] }>(
    database.url,
    `SELECT table_name AS table, array_agg(column_name::text ORDER BY ordinal_position) AS columns
     FROM information_schema.columns WHERE table_schema = 'public' GROUP BY table_name ORDER BY table_name`,
  )
  const { tables } = await manifestIn(await backUpTo(database.url, folder.path))
  const kept = columns.filter(({ table }) => !EXCLUDED_TABLES.has(table))
  expect(kept.length).toBeGreaterThan(10)
  expect(tables.map(({ name, columns: own }) => ({ table: name, columns: own }))).toEqual(kept)
  const names = columns.map(({ table }) => table)
  expect(names, 'what is left out is there').toEqual(expect.arrayContaining([...EXCLUDED_TABLES.keys()]))
})

test('tables of later versions are backed up and restored: references, generated columns, sequences, all kinds of text', async () => {
  await using folder = await temporaryFolder()
  await using source = await createEmptyTestDatabase()
  await using target = await createEmptyTestDatabase()
  const directory = await migrationsWith(folder.path, '29990101000000_later', LATER)
  await migrate({ url: source.url, directory })
  await query(source.url, 'INSERT INTO b_albums (title) VALUES ($1), ($2), (NULL)', [HARD_TEXT, ''])
  await query(source.url, 'INSERT INTO a_pictures (album_id, bytes) VALUES (1, $1)', [
    Buffer.from([0, 10, 92]),
  ])
  const backup = join(folder.path, 'backup')
  await backUp({ ...ROUND, url: source.url, folder: backup, directory })
  await restore({ ...ROUND, url: target.url, folder: backup, directory })
  for (const table of ['b_albums', 'a_pictures']) {
    const rows = await query(target.url, `SELECT * FROM ${table} ORDER BY id`)
    expect(rows).toEqual(await query(source.url, `SELECT * FROM ${table} ORDER BY id`))
  }
  const next = await query(target.url, `INSERT INTO b_albums (title) VALUES ('next') RETURNING id`)
  expect(next).toEqual([{ id: 4 }])
})

test('a backup of an older version is restored with its migrations, and then migrated with its rows', async () => {
  await using folder = await temporaryFolder()
  await using source = await createTestDatabase()
  await using target = await createEmptyTestDatabase()
  await query(source.url, `INSERT INTO users (id, name, claims_issued_at) VALUES ('alice', 'Alice', now())`)
  const backup = await backUpTo(source.url, folder.path)
  const directory = await migrationsWith(
    folder.path,
    '29990101000000_names',
    `ALTER TABLE users ADD COLUMN shouted text; UPDATE users SET shouted = upper(name)`,
  )
  await restore({ ...ROUND, url: target.url, folder: backup, directory })
  expect(await query(target.url, 'SELECT id, shouted FROM users')).toEqual([
    { id: 'alice', shouted: 'ALICE' },
  ])
})

const HARD_TEXT = 'tab\t, line\nfeed, \\N, \\., "quotes", \u{1f600}, \r\n'

const LATER = `
  CREATE TABLE b_albums (id serial PRIMARY KEY, title text, shouted text GENERATED ALWAYS AS (upper(title)) STORED);
  CREATE TABLE a_pictures (
    id int PRIMARY KEY GENERATED ALWAYS AS IDENTITY, album_id int NOT NULL REFERENCES b_albums, bytes bytea
  )`

/** Parley's migrations and one more. */
async function migrationsWith(folder: string, name: string, sql: string): Promise<string> {
  const directory = join(folder, 'migrations')
  await cp('prisma/migrations', directory, { recursive: true })
  await mkdir(join(directory, name))
  await writeFile(join(directory, name, 'migration.sql'), sql)
  return directory
}
