import { randomUUID } from 'node:crypto'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkMedia, removeLeftover } from '../../../src/media/check-media.ts'
import { openStorage } from '../../../src/media/open-storage.ts'
import type { MediaStorage } from '../../../src/media/storage.ts'
import { createUploadRecords } from '../../../src/media/upload-records.ts'
import { createDatabase } from '../../../src/store/database.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import { createTestDatabase, query } from '../../harness/servers/database.ts'
import { createUpload, findAttachment, put, sendFiles, upload } from '../../harness/people/files.ts'
import type { Person } from '../../harness/people/person.ts'
import { newLocation, startParley } from '../../harness/servers/parley.ts'
import { photo } from '../../harness/fixtures/pictures.ts'
import { until } from '../../harness/fixtures/until.ts'

const SILENT = createLogger({ level: 'silent', pretty: false })

async function namesIn(storage: MediaStorage): Promise<string[]> {
  const names: string[] = []
  for await (const { name } of storage.list()) names.push(name)
  return names
}

async function deleteMessage(person: Person, id: string): Promise<void> {
  await person.run(`mutation ($id: ID!) { deleteMessage(input: { messageId: $id }) { message { id } } }`, {
    id,
  })
}

describe.each(['folder', 's3'] as const)('with files in: %s', (kind) => {
  test('bytes are gone soon after their message is deleted or expires, also if the gateway is killed', async () => {
    await using resources = new AsyncDisposableStack()
    const location = await newLocation(kind, resources)
    const storage = openStorage(location)
    const { url: databaseUrl } = resources.use(await createTestDatabase())
    let kept: readonly string[]
    {
      await using parley = await startParley({ databaseUrl, media: location })
      const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
      const chat = await alice.startChat(bob)
      await sendFiles(alice, chat, [await upload(alice, await photo(64, 64), { contentType: 'image/jpeg' })])
      kept = await namesIn(storage)
      expect(kept).toHaveLength(3)
      const deleted = await sendFiles(alice, chat, [await upload(alice, Buffer.from('deleted'))])
      await sendFiles(alice, chat, [await upload(alice, Buffer.from('expired'))])
      expect(await namesIn(storage)).toHaveLength(5)
      await deleteMessage(alice, deleted.message.id)
      await query(databaseUrl, `UPDATE messages SET expires_at = now() - interval '1 hour' WHERE seq = 3`)
    }
    // The gateway ended right after the commit. Another one goes on.
    await using _ = await startParley({ databaseUrl, media: location })
    await until(async () => (await namesIn(storage)).length === kept.length, 30_000)
    expect((await namesIn(storage)).toSorted()).toEqual(kept.toSorted())
    const rows = await query(
      databaseUrl,
      `SELECT FROM uploads WHERE released_at IS NOT NULL OR chat_id IS NULL`,
    )
    expect(rows).toEqual([])
  })

  test('an upload that is not sent within a day is deleted, and can no longer be sent', async () => {
    await using resources = new AsyncDisposableStack()
    const location = await newLocation(kind, resources)
    const storage = openStorage(location)
    await using parley = await startParley({ media: location })
    const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
    const chat = await alice.startChat(bob)
    const [old, recent] = [
      await upload(alice, Buffer.from('old')),
      await upload(alice, Buffer.from('recent')),
    ]
    const { uploadUrl } = await createUpload(alice, { byteSize: 3 })
    await query(
      parley.databaseUrl,
      `UPDATE uploads SET created_at = created_at - interval '25 hours' WHERE id <> $1`,
      [recent.id.replace('attachment_', '')],
    )
    await until(async () => (await namesIn(storage)).length === 1, 30_000)
    expect(await findAttachment(alice, old.id)).toBeNull()
    expect((await put(uploadUrl, Buffer.from('abc'))).status).toBe(404)
    await expect(sendFiles(alice, chat, [old])).rejects.toThrow('BAD_USER_INPUT')
    await sendFiles(alice, chat, [recent])
  })

  test('objects of a gateway that died while it stored them are removed a day later, by another gateway', async () => {
    await using resources = new AsyncDisposableStack()
    const location = await newLocation(kind, resources)
    const storage = openStorage(location)
    const { url: databaseUrl } = resources.use(await createTestDatabase())
    const strays: string[] = []
    {
      await using parley = await startParley({ databaseUrl, media: location })
      const alice = await parley.person('alice')
      const picture = await upload(alice, await photo(64, 64), { contentType: 'image/jpeg' })
      await sendFiles(alice, await alice.createGroup([]), [
        picture,
        await upload(alice, Buffer.from('recent')),
      ])
      // As it is after a kill between the storage and the commit: of a whole file, and of a part of one.
      for (const folder of new Set((await namesIn(storage)).map((name) => name.split('/')[0] ?? ''))) {
        for (const file of ['file', 'part']) strays.push(`${folder}/${randomUUID()}/${file}`)
      }
      for (const name of strays) await store(storage, name)
      await query(
        databaseUrl,
        `UPDATE uploads SET created_at = created_at - interval '28 hours' WHERE id = $1`,
        [picture.id.replace('attachment_', '')],
      )
    }
    const [old] = (
      await query<{ key: string }>(databaseUrl, `SELECT storage_key AS key FROM uploads ORDER BY created_at`)
    ).map(({ key }) => key)
    const expected = (await namesIn(storage)).filter(
      (name) => !(strays.includes(name) && name.startsWith(old ?? '')),
    )
    expect(expected.length).toBe(3 + 1 + 2)
    await using _ = await startParley({ databaseUrl, media: location })
    const isTidy = `SELECT FROM uploads WHERE is_tidy`
    await until(async () => (await query(databaseUrl, isTidy)).length === 1, 30_000)
    expect((await namesIn(storage)).toSorted()).toEqual(expected.toSorted())
  })

  test('a check finds files that are missing and files that no upload needs, and removes the latter', async () => {
    await using resources = new AsyncDisposableStack()
    const location = await newLocation(kind, resources)
    const storage = openStorage(location)
    await using parley = await startParley({ media: location })
    const alice = await parley.person('alice')
    await upload(alice, Buffer.from('lost'))
    const [lost] = await namesIn(storage)
    await storage.remove(lost?.split('/')[0] ?? '')
    await upload(alice, await photo(64, 64), { contentType: 'image/jpeg' })
    const needed = await namesIn(storage)
    const orphan = `${randomUUID()}/${randomUUID()}/file`
    const foreign = 'other-program/data/file'
    for (const name of [orphan, foreign]) await store(storage, name)

    const database = createDatabase({
      writerUrl: parley.databaseUrl,
      logger: SILENT,
      metrics: createMetrics(),
    })
    resources.defer(() => database.stop())
    const check = () => checkMedia({ store: createUploadRecords(database), storage, nowMs: Date.now() })
    const found = await check()
    expect(found).toMatchObject({ uploads: 2, objects: 5, missing: [lost], leftover: [orphan] })
    await removeLeftover(storage, found)
    expect((await check()).leftover).toEqual([])
    expect((await namesIn(storage)).toSorted()).toEqual([...needed, foreign].toSorted())
    if (location.type === 'file') expect(await readdir(location.folder)).not.toContain(orphan.split('/')[0])
  })
})

async function store(storage: MediaStorage, name: string): Promise<void> {
  const file = join(storage.incomingFolder, randomUUID())
  await mkdir(storage.incomingFolder, { recursive: true })
  await writeFile(file, 'x')
  await storage.put(name, file)
}

test('a user can upload so many bytes on a day, and the others are not affected', async () => {
  await using resources = new AsyncDisposableStack()
  const location = await newLocation('folder', resources)
  const media = {
    location,
    maxUploadBytes: 600,
    contentTypes: [],
    bytesPerDay: 1_000,
    bytesPerSecond: Infinity,
  }
  await using parley = await startParley({ config: { media } })
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  await createUpload(alice, { byteSize: 600 })
  await createUpload(alice, { byteSize: 400 })
  await expect(createUpload(alice, { byteSize: 1 })).rejects.toThrow(/RATE_LIMITED.*retryAfterMs/)
  await createUpload(bob, { byteSize: 600 })
  await query(parley.databaseUrl, `UPDATE upload_usages SET day = day - 1`)
  await createUpload(alice, { byteSize: 600 })
  await expect(createUpload(alice, { byteSize: 601 })).rejects.toThrow('BAD_USER_INPUT')
})
