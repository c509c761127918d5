import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createEmptyTestDatabase, createTestDatabase } from '../../harness/servers/database.ts'
import { newLocation, startParley } from '../../harness/servers/parley.ts'
import { findAttachment, sendFiles, upload } from '../../harness/people/files.ts'
import type { Person } from '../../harness/people/person.ts'
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
  const altText = 'A calm sea, "Ævintýri" \\ 海 🌊 seen from the shore'
  const picture = await upload(alice, await photo(64, 64), { contentType: 'image/jpeg', altText })
  expect(picture.altText).toBe(altText)
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
  const reader = await second.person('bob')
  const found = await findAttachment(reader, picture.id)
  expect(found?.altText).toBe(altText)
  expect(await attachmentsIn(reader, chat)).toMatchObject([{ id: picture.id, altText }, { altText: null }])
  expect(Buffer.from(await (await fetch(found?.url ?? '')).arrayBuffer()).equals(original)).toBe(true)
})

test.each([true, false])(
  'a database in which a gateway has started takes a backup, with its files: %s',
  async (hasFiles) => {
    await using resources = new AsyncDisposableStack()
    const folder = resources.use(await temporaryFolder())
    const backup = join(folder.path, 'backup')
    const [from, to] = [join(folder.path, 'from'), join(folder.path, 'to')]
    await using first = await startParley({ media: { type: 'file', folder: from } })
    const alice = await first.person('alice')
    const file = await upload(alice, Buffer.from('notes'))
    await sendFiles(alice, await alice.createGroup([]), [file])
    const flags = hasFiles ? ['--media'] : []
    const env = (url: string, media: string) => ({ DATABASE_URL: url, MEDIA_URL: `file:${media}` })
    expect(await cli(['backup', backup, ...flags], env(first.databaseUrl, from))).toMatchObject({ code: 0 })

    const { databaseUrl } = await startedOnce(to)
    if (!hasFiles) {
      const { code, noticed } = await cli(['restore', backup, '--media'], env(databaseUrl, to))
      expect([code, noticed]).toEqual([1, expect.stringContaining('Restore it without --media.')])
    }
    const restored = await cli(['restore', backup, ...flags], env(databaseUrl, to))
    expect(restored).toMatchObject({ code: 0, noticed: '' })

    // The key of the backup counts, so addresses that clients keep stay valid.
    await using second = await startParley({ databaseUrl, media: { type: 'file', folder: to } })
    const { pathname, search } = new URL(file.url)
    const again = await fetch(new URL(pathname + search, second.url))
    expect([again.status, hasFiles && (await again.text())]).toEqual(hasFiles ? [200, 'notes'] : [404, false])

    // Any other row still means that the database is in use.
    const refused = await cli(['restore', backup, ...flags], env(databaseUrl, to))
    expect(refused.code).not.toBe(0)
    await second.stop()
    expect((await cli(['restore', backup, ...flags], env(databaseUrl, to))).noticed).toContain('is not empty')

    async function startedOnce(media: string) {
      const database = resources.use(await createTestDatabase())
      await using parley = await startParley({
        databaseUrl: database.url,
        media: { type: 'file', folder: media },
      })
      await parley.stop()
      return parley
    }
  },
)

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

/** The attachments of the messages of a chat, as a member reads them. */
async function attachmentsIn(reader: Person, id: string) {
  type Data = { chat: { messages: { edges: { node: { attachments: object[] } }[] } } }
  const query = `query ($id: ID!) {
    chat(id: $id) { messages(last: 10) { edges { node { attachments { id altText } } } } }
  }`
  const { chat } = await reader.run<Data>(query, { id })
  return chat.messages.edges.flatMap(({ node }) => node.attachments)
}

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
