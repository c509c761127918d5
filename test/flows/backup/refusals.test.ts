import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type TestDatabase,
  createTestDatabase,
  createEmptyTestDatabase,
  query,
} from '../../harness/servers/database.ts'
import { startParley } from '../../harness/servers/parley.ts'
import { parley } from '../../unit/cli/terminal.ts'
import { temporaryFolder } from '../cli/program.ts'
import { backUpTo, copyOf, manifestIn, restoreFrom, writeManifest } from './running.ts'

const resources = new AsyncDisposableStack()
let home: string
/** A backup that the tests copy and never change. */
let backup: string
/** A database without migrations. It stays so, because every restore here is rejected. */
let empty: TestDatabase

beforeAll(async () => {
  home = resources.use(await temporaryFolder()).path
  empty = resources.use(await createEmptyTestDatabase())
  await using source = await startParley()
  const [alice, bob] = [await source.person('alice'), await source.person('bob')]
  await alice.send(await alice.startChat(bob), 'hello')
  backup = await backUpTo(source.databaseUrl, home)
})

afterAll(() => resources.disposeAsync())

/** Expects that the restore is rejected with this message before anything was written. */
async function expectRefusal(folder: string, sentence: RegExp): Promise<void> {
  const { code, printed, noticed } = await restoreFrom(folder, empty.url)
  expect(noticed).toMatch(sentence)
  expect({ code, printed }).toEqual({ code: 1, printed: '' })
  expect(await query(empty.url, `SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace`)).toEqual(
    [],
  )
}

test('reports the file in which one byte differs', async () => {
  const folder = await copyOf(backup)
  const file = join(folder, 'messages.copy.zst')
  const content = await readFile(file)
  const middle = Math.floor(content.length / 2)
  content[middle] = (content[middle] ?? 0) ^ 1
  await writeFile(file, content)
  await expectRefusal(folder, /is damaged: messages\.copy\.zst is not what was written .*Nothing was written/)
})

test('reports all missing and truncated files at once', async () => {
  const folder = await copyOf(backup)
  await rm(join(folder, 'chats.copy.zst'))
  await writeFile(join(folder, 'users.copy.zst'), 'short')
  await expectRefusal(folder, /chats\.copy\.zst is missing; users\.copy\.zst has 5 bytes instead of \d+/)
})

test('rejects a backup without a manifest as unfinished', async () => {
  const folder = await copyOf(backup)
  await rm(join(folder, 'manifest.json'))
  await expectRefusal(folder, /^There is no backup in .*: it has no manifest\.json\. Name the folder/)
  await writeFile(join(folder, 'UNFINISHED'), '')
  await expectRefusal(folder, /^The backup in .* was never finished/)
})

test('reports a missing folder and an invalid manifest', async () => {
  await expectRefusal(
    join(home, 'nowhere'),
    /^The folder .*nowhere can't be read \(ENOENT\)\. Name the folder/,
  )
  const folder = await copyOf(backup)
  await writeFile(join(folder, 'manifest.json'), '{"format": 1, "tables": 7}')
  await expectRefusal(folder, /manifest\.json does not describe a backup of Parley, or was damaged/)
  await writeFile(join(folder, 'manifest.json'), '{"format": 1')
  await expectRefusal(folder, /manifest\.json does not describe a backup of Parley, or was damaged/)
})

test('never reads a file outside the folder', async () => {
  const folder = await copyOf(backup)
  const manifest = await manifestIn(folder)
  const tables = manifest.tables.map((table) => ({ ...table, file: `../${table.file}` }))
  await writeManifest(folder, { ...manifest, tables })
  await expectRefusal(folder, /does not describe a backup/)
})

test('rejects a backup of a newer version', async () => {
  const folder = await copyOf(backup)
  const manifest = await manifestIn(folder)
  await writeManifest(folder, { ...manifest, format: 2 })
  await expectRefusal(folder, /is in format 2, and this Parley reads format 1\. Restore it with the version/)
  await writeManifest(folder, { ...manifest, parleyVersion: '99.0.0' })
  await expectRefusal(folder, /^The backup was made by Parley 99\.0\.0, which is newer than this one/)
  const migrations = [...manifest.migrations, { name: '29990101000000_future', checksum: 'x' }]
  await writeManifest(folder, { ...manifest, migrations })
  await expectRefusal(folder, /newer than this one, .* \(29990101000000_future\)/)
})

test('rejects a backup whose migrations had other content', async () => {
  const folder = await copyOf(backup)
  const manifest = await manifestIn(folder)
  const migrations = manifest.migrations.map((migration) => ({ ...migration, checksum: 'other' }))
  await writeManifest(folder, { ...manifest, migrations })
  await expectRefusal(folder, /^The backup was made with other migrations of the same name: \d+_founding/)
})

test('does not change a database with rows', async () => {
  await using database = await createTestDatabase()
  await query(database.url, `INSERT INTO users (id, name, claims_issued_at) VALUES ('carol', 'Carol', now())`)
  const { code, noticed } = await restoreFrom(backup, database.url)
  expect([code, noticed]).toEqual([
    1,
    expect.stringMatching(/^The database is not empty: there are rows in users\./),
  ])
  expect(await query(database.url, 'SELECT id FROM users')).toEqual([{ id: 'carol' }])
})

test('does not change a database that a gateway uses, even if it is empty', async () => {
  await using running = await startParley()
  const { code, noticed } = await restoreFrom(backup, running.databaseUrl)
  expect([code, noticed]).toEqual([
    1,
    expect.stringMatching(/^A gateway is running on this database\. Stop every/),
  ])
})

test('does not restore into a database with newer migrations', async () => {
  await using database = await createTestDatabase()
  await query(
    database.url,
    `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at) VALUES ('1', 'x', '29990101000000_future', now())`,
  )
  const { code, noticed } = await restoreFrom(backup, database.url)
  expect([code, noticed]).toEqual([
    1,
    expect.stringContaining('do not belong to the backup: 29990101000000_future'),
  ])
  const refused = await parley(['backup', join(home, 'of-the-future')], { DATABASE_URL: database.url })
  expect([refused.code, refused.noticed]).toEqual([
    1,
    'The database was migrated by a newer Parley (29990101000000_future). Back it up with that version.',
  ])
})

test('does not back up a database with pending migrations, and creates no folder', async () => {
  const to = join(home, 'never-made')
  const { code, noticed } = await parley(['backup', to], { DATABASE_URL: empty.url })
  expect([code, noticed]).toEqual([1, expect.stringMatching(/run "parley migrate" first/)])
  expect(await readdir(home)).not.toContain('never-made')
})

test('does not write to a folder that is not empty', async () => {
  await using database = await createTestDatabase()
  const to = join(home, 'mine')
  await mkdir(to)
  await writeFile(join(to, 'holiday.jpg'), 'x')
  const { code, noticed } = await parley(['backup', to], { DATABASE_URL: database.url })
  expect([code, noticed]).toEqual([1, expect.stringMatching(/^The folder .*mine is not empty\./)])
  expect(await readdir(to)).toEqual(['holiday.jpg'])
})

test('reports a folder that cannot be created, and does not hang', async () => {
  await using database = await createTestDatabase()
  const file = join(home, 'a-file')
  await writeFile(file, 'x')
  // Nothing can be created in /proc, and the system reports ENOENT.
  for (const to of [file, join(file, 'inside'), '/proc/backup']) {
    const { code, noticed } = await parley(['backup', to], { DATABASE_URL: database.url })
    expect([code, noticed]).toEqual([
      1,
      expect.stringMatching(/^The folder \S+ can't be created or written to \(\w+\)\. Name a folder where/),
    ])
  }
})

test('creates missing parent folders', async () => {
  await using database = await createTestDatabase()
  const to = join(home, 'of', 'this', 'year')
  expect(await parley(['backup', to], { DATABASE_URL: database.url })).toMatchObject({ code: 0 })
  expect(await readdir(to)).toContain('manifest.json')
})

test('keeps no rows that differ from the backed-up ones, even if the files are intact', async () => {
  await using database = await createEmptyTestDatabase()
  const folder = await copyOf(backup)
  const manifest = await manifestIn(folder)
  const tables = manifest.tables.map((table) =>
    table.name === 'messages' ? { ...table, digest: '1' } : table,
  )
  await writeManifest(folder, { ...manifest, tables })
  const { code, noticed } = await restoreFrom(folder, database.url)
  expect([code, noticed]).toEqual([
    1,
    expect.stringContaining('differ from the backed-up ones: messages has other rows than the original'),
  ])
  expect(await query(database.url, 'SELECT id FROM users')).toEqual([])
  expect(await restoreFrom(backup, database.url), 'the next attempt').toMatchObject({ code: 0, noticed: '' })
})
