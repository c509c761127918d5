import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { request as openRequest } from 'node:http'
import { expect, test } from 'vitest'
import { issueToken } from '../../src/auth/issue-token.ts'
import { openStorage } from '../../src/media/open-storage.ts'
import type { MediaStorage } from '../../src/media/storage.ts'
import { until } from '../harness/fixtures/until.ts'
import { photo } from '../harness/fixtures/pictures.ts'
import { createUpload, findAttachment, patchUpload, put, sendFiles, upload } from '../harness/people/files.ts'
import { Person } from '../harness/people/person.ts'
import { createTestDatabase, query } from '../harness/servers/database.ts'
import { startGatewayProcess } from '../harness/servers/gateway-process.ts'
import { startParley, TEST_SECRET } from '../harness/servers/parley.ts'
import { startRedis } from '../harness/servers/redis.ts'
import { startS3 } from '../harness/servers/s3.ts'
import { createSmallDisk } from '../harness/servers/small-disk.ts'

// Nothing that was sent is lost, and nothing is left over after the sweep.

async function countObjects(storage: MediaStorage): Promise<number> {
  let count = 0
  for await (const _ of storage.list()) count += 1
  return count
}

async function deleteMessage(person: Person, id: string): Promise<void> {
  await person.run(`mutation ($id: ID!) { deleteMessage(input: { messageId: $id }) { message { id } } }`, {
    id,
  })
}

/** Starts a gateway process with a storage of its own, and Alice in a group. */
async function startAlice(resources: AsyncDisposableStack) {
  const s3 = resources.use(await startS3())
  const redis = resources.use(await startRedis())
  const { url: databaseUrl } = resources.use(await createTestDatabase())
  const addresses = { databaseUrl, redisUrl: redis.url, mediaUrl: s3.mediaUrl }
  const gateway = resources.use(await startGatewayProcess(addresses))
  const token = await issueToken(TEST_SECRET, { subject: 'alice' })
  const alice = resources.use(new Person({ url: gateway.url, token, name: 'alice' }))
  return { s3, databaseUrl, gateway, alice, chat: await alice.createGroup([]) }
}

test('a gateway is killed while it receives, while it inspects, and after a deletion', async () => {
  await using resources = new AsyncDisposableStack()
  const { s3, databaseUrl, gateway, alice, chat } = await startAlice(resources)
  const storage = openStorage(s3.location)

  // While it receives: half of a plain PUT, and a part of a resumable upload.
  const picture = await photo(3_000, 2_000)
  const plain = await createUpload(alice, { contentType: 'image/jpeg', byteSize: picture.length })
  const half = openRequest(plain.uploadUrl, { method: 'PUT', headers: { 'content-length': picture.length } })
  const cut = new Promise((resolve) => half.once('error', resolve))
  half.write(picture.subarray(0, 20_000))
  const bytes = randomBytes(50_000)
  const resumable = await createUpload(alice, { byteSize: bytes.length })
  await patchUpload(resumable.uploadUrl, 0, bytes.subarray(0, 30_000))
  await gateway.kill()
  await cut
  await gateway.start()
  expect((await patchUpload(resumable.uploadUrl, 30_000, bytes.subarray(30_000))).status).toBe(204)

  // While it inspects.
  const inspecting = put(plain.uploadUrl, picture).catch((error: unknown) => error)
  await new Promise((resolve) => setImmediate(resolve))
  await gateway.kill()
  await inspecting
  await gateway.start()
  expect((await put(plain.uploadUrl, picture)).status).toBe(204)
  const { message } = await sendFiles(alice, chat, [plain.attachment, resumable.attachment])
  expect(message.attachments.map(({ kind }) => kind)).toEqual(['IMAGE', 'FILE'])

  // Between the commit of a deletion and the sweep.
  const other = await sendFiles(alice, chat, [await upload(alice, Buffer.from('kept'))])
  await deleteMessage(alice, message.id)
  await gateway.kill()
  await gateway.start()
  await until(async () => (await countObjects(storage)) === 1, 60_000)
  const [kept] = other.message.attachments
  expect(await (await fetch((await findAttachment(alice, kept?.id ?? ''))?.url ?? '')).text()).toBe('kept')
  expect(await query(databaseUrl, 'SELECT FROM upload_parts')).toEqual([])
}, 120_000)

test.each([
  ['once, and inspects the file again', 1, 'IMAGE'],
  ['twice, and makes the file a download', 2, 'FILE'],
])(
  'a gateway survives a crash of image code %s',
  async (_, crashes, kind) => {
    await using resources = new AsyncDisposableStack()
    const { gateway, alice, chat } = await startAlice(resources)
    const picture = await photo(6_000, 6_000)
    const announced = await createUpload(alice, { contentType: 'image/jpeg', byteSize: picture.length })
    const uploading = put(announced.uploadUrl, picture)
    let crashed: number | undefined
    for (let crash = 0; crash < crashes; crash += 1) {
      await until(async () => {
        const [inspection] = await inspectionsOf(gateway.pid())
        if (inspection === undefined || inspection === crashed) return false
        process.kill(inspection, 'SIGSEGV')
        crashed = inspection
        return true
      })
    }
    expect((await uploading).status).toBe(204)
    const { message } = await sendFiles(alice, chat, [announced.attachment])
    expect(message.attachments).toMatchObject([{ kind }])
  },
  60_000,
)

/** The only child of a gateway starts the processes that inspect files, with the first one. */
async function inspectionsOf(gateway: number | undefined): Promise<number[]> {
  const starters = await childrenOf(gateway)
  return (await Promise.all(starters.map(childrenOf))).flat()
}

async function childrenOf(pid: number | undefined): Promise<number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return children.split(' ').filter(Boolean).map(Number)
}

test('while the bucket is away, messages go on, and everything else goes on afterwards', async () => {
  await using s3 = await startS3()
  await using parley = await startParley({ media: s3.location })
  const alice = await parley.person('alice')
  const chat = await alice.createGroup([])
  const sent = await sendFiles(alice, chat, [await upload(alice, Buffer.from('before'))])
  const { uploadUrl, attachment } = await createUpload(alice, { byteSize: 6 })
  await s3.stop()
  const away = await put(uploadUrl, Buffer.from('during'))
  expect([away.status, away.headers.get('retry-after')]).toEqual([503, '1'])
  await alice.send(chat, 'still here')
  await deleteMessage(alice, sent.message.id)
  await s3.start()
  expect((await put(uploadUrl, Buffer.from('during'))).status).toBe(204)
  await sendFiles(alice, chat, [attachment])
  await until(async () => (await countObjects(openStorage(s3.location))) === 1, 30_000)
}, 60_000)

test('while the disk of the folder is full, messages go on, and nothing is left over', async () => {
  await using disk = await createSmallDisk(8)
  const location = { type: 'file', folder: disk.path } as const
  await using parley = await startParley({ media: location })
  const alice = await parley.person('alice')
  const chat = await alice.createGroup([])
  const before = await upload(alice, Buffer.from('before'))
  const { uploadUrl, attachment } = await createUpload(alice, { byteSize: 500_000 })
  await disk.fill()
  expect((await put(uploadUrl, randomBytes(500_000))).status).toBe(503)
  await alice.send(chat, 'still here')
  await sendFiles(alice, chat, [before])
  await disk.free()
  expect(await countObjects(openStorage(location))).toBe(1)
  expect((await put(uploadUrl, randomBytes(500_000))).status).toBe(204)
  await sendFiles(alice, chat, [attachment])
}, 60_000)
