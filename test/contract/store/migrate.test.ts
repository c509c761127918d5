import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import pg from 'pg'
import { expect, test } from 'vitest'
import { migrate, MigrationError, migrationStatus } from '../../../src/store/migrations/migrate.ts'
import { createEmptyTestDatabase } from '../../harness/servers/database.ts'
import { createDataFolder } from '../../harness/servers/data-folder.ts'

type Files = Readonly<Record<string, string>>

async function provideMigrations(files: Files) {
  const folder = await createDataFolder()
  for (const [name, sql] of Object.entries(files)) {
    await mkdir(path.join(folder.path, name))
    await writeFile(path.join(folder.path, name, 'migration.sql'), sql)
  }
  return folder
}

async function tablesOf(url: string): Promise<readonly string[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const { rows } = await client.query<{ name: string }>(
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`,
  )
  await client.end()
  return rows.map(({ name }) => name)
}

const TWO = {
  '1_users': 'CREATE TABLE users (); CREATE TABLE devices ();',
  '2_chats': 'CREATE TABLE chats ();',
}

test('applies pending migrations once, in order', async () => {
  await using database = await createEmptyTestDatabase()
  await using migrations = await provideMigrations(TWO)
  const place = { url: database.url, directory: migrations.path }
  const told: string[] = []
  expect(await migrate({ ...place, onApplied: (name) => told.push(name) })).toEqual({
    applied: ['1_users', '2_chats'],
    unknown: [],
  })
  expect(told).toEqual(['1_users', '2_chats'])
  expect(await migrate(place)).toEqual({ applied: [], unknown: [] })
  expect(await tablesOf(database.url)).toEqual(['_prisma_migrations', 'chats', 'devices', 'users'])
})

test('applies Parley’s migrations to an empty database', async () => {
  await using database = await createEmptyTestDatabase()
  expect((await migrate(database)).applied).toContain('20261123000000_founding')
  expect(await migrationStatus(database)).toMatchObject({ pending: [], edited: [], failed: [], unknown: [] })
})

test('applies each migration once if five gateways migrate concurrently', async () => {
  await using database = await createEmptyTestDatabase()
  await using migrations = await provideMigrations(TWO)
  const place = { url: database.url, directory: migrations.path }
  const results = await Promise.all([1, 2, 3, 4, 5].map(() => migrate(place)))
  expect(results.flatMap(({ applied }) => applied)).toEqual(['1_users', '2_chats'])
  expect((await migrationStatus(place)).applied).toEqual(['1_users', '2_chats'])
})

test('rejects a migration that was edited after it was applied, and does nothing else', async () => {
  await using database = await createEmptyTestDatabase()
  await using before = await provideMigrations({ '1_users': 'CREATE TABLE users ();' })
  await migrate({ url: database.url, directory: before.path })
  await using after = await provideMigrations({ ...TWO, '1_users': 'CREATE TABLE people ();' })
  const place = { url: database.url, directory: after.path }
  const refused = migrate(place)
  await expect(refused).rejects.toThrow(MigrationError)
  await expect(refused).rejects.toThrow('changed after it had been applied: 1_users. Restore the file')
  expect(await migrationStatus(place)).toMatchObject({ edited: ['1_users'], pending: ['2_chats'] })
  expect(await tablesOf(database.url)).toEqual(['_prisma_migrations', 'users'])
})

test('rolls back a failed migration, and retries it only on request', async () => {
  await using database = await createEmptyTestDatabase()
  await using broken = await provideMigrations({ ...TWO, '1_users': 'CREATE TABLE users (); SELECT 1 / 0;' })
  const place = { url: database.url, directory: broken.path }
  await expect(migrate(place)).rejects.toThrow(
    '1_users failed: division by zero. It was rolled back. Fix the cause',
  )
  await expect(migrate(place)).rejects.toThrow('This migration failed before: 1_users')
  expect(await migrationStatus(place)).toMatchObject({ failed: ['1_users'], pending: ['2_chats'] })
  expect(await tablesOf(database.url)).toEqual(['_prisma_migrations'])

  await using fixed = await provideMigrations(TWO)
  const retried = await migrate({ url: database.url, directory: fixed.path, retryFailed: true })
  expect(retried.applied).toEqual(['1_users', '2_chats'])
  expect((await migrationStatus({ ...place, directory: fixed.path })).failed).toEqual([])
})

test('a crash during a migration does not block the next run', async () => {
  await using database = await createEmptyTestDatabase()
  const suicide = 'CREATE TABLE users (); SELECT pg_terminate_backend(pg_backend_pid());'
  await using deadly = await provideMigrations({ '1_users': suicide })
  await expect(migrate({ url: database.url, directory: deadly.path })).rejects.toThrow(
    'The connection was lost',
  )
  await using migrations = await provideMigrations(TWO)
  const place = { url: database.url, directory: migrations.path }
  expect((await migrate(place)).applied).toEqual(['1_users', '2_chats'])
})

test('rejects a migration that commits by itself', async () => {
  await using database = await createEmptyTestDatabase()
  await using migrations = await provideMigrations({ '1_users': 'CREATE TABLE users (); COMMIT;' })
  await expect(migrate({ url: database.url, directory: migrations.path })).rejects.toThrow(
    'ends its own transaction',
  )
})

test('supports semicolons in functions, strings and comments', async () => {
  await using database = await createEmptyTestDatabase()
  const sql = `CREATE FUNCTION two() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 2; END; $$; -- one; two
    COMMENT ON FUNCTION two() IS 'a; b';`
  await using migrations = await provideMigrations({ '1_two': sql })
  expect((await migrate({ url: database.url, directory: migrations.path })).applied).toEqual(['1_two'])
})

test('accepts a database of a newer version, and names its migrations', async () => {
  await using database = await createEmptyTestDatabase()
  await using newer = await provideMigrations(TWO)
  await migrate({ url: database.url, directory: newer.path })
  await using older = await provideMigrations({ '1_users': TWO['1_users'] })
  const place = { url: database.url, directory: older.path }
  expect(await migrate(place)).toEqual({ applied: [], unknown: ['2_chats'] })
})

test('reading the status changes nothing, even in an empty database', async () => {
  await using database = await createEmptyTestDatabase()
  await using migrations = await provideMigrations(TWO)
  expect(await migrationStatus({ url: database.url, directory: migrations.path })).toEqual({
    applied: [],
    pending: ['1_users', '2_chats'],
    edited: [],
    failed: [],
    unknown: [],
  })
  expect(await tablesOf(database.url)).toEqual([])
})
