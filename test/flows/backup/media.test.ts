import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createEmptyTestDatabase } from '../../harness/servers/database.ts'
import { newLocation, startParley } from '../../harness/servers/parley.ts'
import { findAttachment, sendFiles, upload } from '../../harness/people/files.ts'
import { photo } from '../../harness/fixtures/pictures.ts'
import { parley as cli } from '../../unit/cli/terminal.ts'
import { temporaryFolder } from '../cli/program.ts'

test('a backup with --media restores the files of messages into another storage', async () => {
  await using resources = new AsyncDisposableStack()
  const folder = resources.use(await temporaryFolder())
  const backup = join(folder.path, 'backup')
  const [from, to] = [join(folder.path, 'from'), join(folder.path, 'to')]
  await using first = await startParley({ media: { type: 'file', folder: from } })
  const [alice, bob] = [await first.person('alice'), await first.person('bob')]
  const chat = await alice.startChat(bob)
  const picture = await upload(alice, await photo(64, 64), { contentType: 'image/jpeg' })
  await sendFiles(alice, chat, [picture, await upload(alice, Buffer.from('notes'))])
  const original = Buffer.from(await (await fetch(picture.url)).arrayBuffer())

  const env = (url: string, media: string) => ({ DATABASE_URL: url, MEDIA_URL: `file:${media}` })
  const written = await cli(['backup', backup, '--media'], env(first.databaseUrl, from))
  expect(written).toMatchObject({ code: 0, noticed: '' })
  expect(written.printed).toContain('Copied 4 files of messages.')

  const database = resources.use(await createEmptyTestDatabase())
  const damaged = join(backup, 'media', (await filesIn(join(backup, 'media')))[0] ?? '')
  const bytes = await overwrite(damaged, 'damaged')
  const refused = await cli(['restore', backup, '--media'], env(database.url, to))
  expect(refused.code).not.toBe(0)
  expect(refused.noticed).toContain('is damaged')
  await writeFile(damaged, bytes)

  const restored = await cli(['restore', backup, '--media'], env(database.url, to))
  expect(restored).toMatchObject({ code: 0, noticed: '' })
  const check = await cli(['media', 'check'], env(database.url, to))
  expect(check).toMatchObject({ code: 0 })
  expect(check.printed).toContain('Compared 2 uploads with 4 objects: 0 missing, 0 left over.')

  await using second = await startParley({ databaseUrl: database.url, media: { type: 'file', folder: to } })
  const found = await findAttachment(await second.person('bob'), picture.id)
  expect(Buffer.from(await (await fetch(found?.url ?? '')).arrayBuffer()).equals(original)).toBe(true)
})

test('a check says which files are missing', async () => {
  await using resources = new AsyncDisposableStack()
  const location = await newLocation('folder', resources)
  await using parley = await startParley({ media: location })
  await upload(await parley.person('alice'), Buffer.from('notes'))
  const elsewhere = await newLocation('folder', resources)
  const env = {
    DATABASE_URL: parley.databaseUrl,
    MEDIA_URL: `file:${'folder' in elsewhere ? elsewhere.folder : ''}`,
  }
  const check = await cli(['media', 'check'], env)
  expect(check.code).toBe(1)
  expect(check.printed).toMatch(
    /^missing: .*\/file\nCompared 1 upload with 0 objects: 1 missing, 0 left over\.$/m,
  )
})

async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true })
  return entries.filter((entry) => entry.endsWith('/file'))
}

/** Replaces the content of a file. Returns the former one. */
async function overwrite(path: string, text: string): Promise<Buffer> {
  const bytes = await readFile(path)
  await writeFile(path, text)
  return bytes
}
