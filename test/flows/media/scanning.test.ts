import { buffer } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import type { AttachmentId } from '../../../src/ids.ts'
import { createMediaLinks } from '../../../src/media/media-links.ts'
import { openStorage } from '../../../src/media/open-storage.ts'
import { freePort } from '../../harness/network/free-port.ts'
import { createUpload, findAttachment, patchUpload, put, sendFiles } from '../../harness/people/files.ts'
import { type HookAnswer, startProductHook } from '../../harness/people/product-hook.ts'
import { query } from '../../harness/servers/database.ts'
import { newLocation, startParley } from '../../harness/servers/parley.ts'
import { photoWithMetadata } from '../../harness/fixtures/pictures.ts'
import { until } from '../../harness/fixtures/until.ts'

// No file can be sent before the product's virus scanner has called it clean.

const CLEAN: HookAnswer = { json: { verdict: 'clean' } }
const INFECTED: HookAnswer = { json: { verdict: 'infected', threat: 'Eicar-Test' } }

describe.each(['folder', 's3'] as const)('with files in: %s', (kind) => {
  test('the scanner fetches what others would get, before it can be sent', async () => {
    await using stage = await startStage(kind, () => CLEAN)
    const { alice, chat, scanned, questions } = stage
    const bytes = await photoWithMetadata()
    const declared = { fileName: 'garden.jpg', contentType: 'image/jpeg', byteSize: bytes.length }
    const { attachment, uploadUrl } = await createUpload(alice, declared)
    expect((await put(uploadUrl, bytes)).status).toBe(204)
    const { message } = await sendFiles(alice, chat, [attachment])
    const [sent] = message.attachments
    const { fileName, contentType } = declared
    const data = { attachmentId: attachment.id, uploaderId: alice.id, fileName, contentType }
    expect(questions).toMatchObject([{ type: 'file.scan', data: { ...data, byteSize: sent?.byteSize } }])
    const served = Buffer.from(await (await fetch(sent?.url ?? '')).arrayBuffer())
    expect(scanned[0]?.equals(served)).toBe(true)
  })

  test('an infected file is deleted, and can be neither sent nor uploaded again', async () => {
    await using stage = await startStage(kind, () => INFECTED)
    const { alice, chat } = stage
    const bytes = Buffer.from('infected')
    const plain = await createUpload(alice, { byteSize: bytes.length })
    const resumable = await createUpload(alice, { byteSize: bytes.length })
    const rejected = await put(plain.uploadUrl, bytes)
    expect(rejected.status).toBe(403)
    expect(await rejected.text()).toContain('infected')
    expect((await patchUpload(resumable.uploadUrl, 0, bytes.subarray(0, 4))).status).toBe(204)
    expect((await patchUpload(resumable.uploadUrl, 4, bytes.subarray(4))).status).toBe(403)
    for (const { attachment, uploadUrl } of [plain, resumable]) {
      await expect(sendFiles(alice, chat, [attachment])).rejects.toThrow('BAD_USER_INPUT')
      expect(await findAttachment(alice, attachment.id)).toBeNull()
      expect((await put(uploadUrl, bytes)).status).toBe(404)
    }
    await until(async () => (await stage.countObjects()) === 0, 30_000)
  })

  test.each([
    ['a status other than 200', { status: 500 }],
    ['an answer that is no verdict', { json: { verdict: 'perhaps' } }],
  ] satisfies [string, HookAnswer][])(
    'with %s the file may be uploaded again, or it is accepted',
    async (_, failure) => {
      const answers = [failure, CLEAN]
      await using strict = await startStage(kind, () => answers.shift() ?? CLEAN)
      const { attachment, uploadUrl } = await createUpload(strict.alice, { byteSize: 3 })
      const rejected = await put(uploadUrl, Buffer.from('abc'))
      expect([rejected.status, rejected.headers.get('retry-after')]).toEqual([503, '1'])
      await expect(sendFiles(strict.alice, strict.chat, [attachment])).rejects.toThrow('BAD_USER_INPUT')
      expect(await strict.countObjects()).toBe(0)
      expect((await put(uploadUrl, Buffer.from('abc'))).status).toBe(204)
      await sendFiles(strict.alice, strict.chat, [attachment])

      await using lenient = await startStage(kind, () => failure, { acceptsUnchecked: true })
      const accepted = await createUpload(lenient.alice, { byteSize: 3 })
      expect((await put(accepted.uploadUrl, Buffer.from('abc'))).status).toBe(204)
      await sendFiles(lenient.alice, lenient.chat, [accepted.attachment])
    },
  )
})

test('after five failures in a row the scanner is not asked for a while', async () => {
  await using stage = await startStage('folder', () => ({ status: 500 }))
  const { alice, questions } = stage
  for (let number = 0; number < 8; number += 1) {
    const { uploadUrl } = await createUpload(alice, { byteSize: 3 })
    expect((await put(uploadUrl, Buffer.from('abc'))).status).toBe(503)
  }
  expect(questions).toHaveLength(5)
})

test('an address for the scanner works for its file and its minute alone', async () => {
  await using stage = await startStage('folder', () => CLEAN)
  const { alice, questions, databaseUrl, baseUrl } = stage
  const { attachment, uploadUrl } = await createUpload(alice, { byteSize: 3 })
  await put(uploadUrl, Buffer.from('abc'))
  const { url = '' } = questions[0]?.data ?? {}
  const statusOf = async (address: string | URL): Promise<number> => (await fetch(address)).status
  expect(await statusOf(url)).toBe(200)
  expect((await fetch(url)).headers.get('content-type')).toBe('application/octet-stream')
  const other = new URL(url)
  other.searchParams.set('a', attachment.id.replace('attachment_', ''))
  expect(await statusOf(other)).toBe(404)
  expect(await statusOf(url.replace('/scan/', '/upload/'))).toBe(404)
  expect((await fetch(url, { method: 'PUT', body: 'x' })).status).toBe(405)

  const [row] = await query<{ key: Buffer }>(databaseUrl, 'SELECT key FROM media_keys')
  const links = createMediaLinks(() => Buffer.from(row?.key ?? ''))
  const id = attachment.id.replace('attachment_', '') as AttachmentId
  const attempt = new URL(url).searchParams.get('a') ?? ''
  const addressUntil = (at: number): string => baseUrl + links.scan(id, attempt, new Date(at))
  expect(await statusOf(addressUntil(Date.now() + 60_000))).toBe(200)
  expect(await statusOf(addressUntil(Date.now() - 60_000))).toBe(403)
})

type Question = Readonly<{ type: string; data: Readonly<{ url: string; [field: string]: unknown }> }>

async function startStage(
  kind: 'folder' | 's3',
  decide: (question: Question) => HookAnswer,
  { acceptsUnchecked = false } = {},
) {
  const resources = new AsyncDisposableStack()
  const scanned: Buffer[] = []
  const { url, secret, questions } = resources.use(
    await startProductHook<Question>(async (question) => {
      const response = await fetch(question.data.url)
      if (response.status === 200 && response.body !== null) scanned.push(await buffer(response.body))
      return decide(question)
    }),
  )
  const port = await freePort()
  const baseUrl = `http://127.0.0.1:${port}`
  const location = await newLocation(kind, resources)
  const limits = {
    maxUploadBytes: 10_000_000,
    contentTypes: [],
    bytesPerDay: Infinity,
    bytesPerSecond: 50_000_000,
  }
  const http = { host: '127.0.0.1', port, allowedOrigins: [], allowedHeaders: [], trustedProxies: [] }
  const config = {
    http: { ...http, publicUrl: baseUrl },
    media: { location, ...limits, scan: { url, acceptsUnchecked } },
  }
  const parley = resources.use(await startParley({ config, scanSecret: secret }))
  const alice = await parley.person('alice')
  const chat = await alice.createGroup([])
  const storage = openStorage(location)
  return {
    alice,
    chat,
    scanned,
    questions,
    baseUrl,
    databaseUrl: parley.databaseUrl,
    async countObjects() {
      let count = 0
      for await (const _ of storage.list()) count += 1
      return count
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}
