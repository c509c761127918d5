import { randomUUID } from 'node:crypto'
import { request as send } from 'node:http'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createUpload, put, SEND_FILES, sendFiles, TUS_HEADERS, upload } from '../../harness/people/files.ts'
import type { Person } from '../../harness/people/person.ts'
import { newLocation, startParley, type TestParley } from '../../harness/servers/parley.ts'
import { until } from '../../harness/fixtures/until.ts'
import { parley as cli } from '../../unit/cli/terminal.ts'
import { photo } from '../../harness/fixtures/pictures.ts'

let parley: TestParley
let alice: Person
let chat: string
beforeAll(async () => {
  parley = await startParley({ media: 'folder' })
  alice = await parley.person('alice')
  chat = await alice.createGroup([])
})
afterAll(() => parley[Symbol.asyncDispose]())

const SERVER_INFO = '{ serverInfo { features limits { maxUploadBytes maxAttachmentsPerMessage } } }'

test('without MEDIA_URL uploads are off, and nothing is served', async () => {
  await using off = await startParley()
  const bob = await off.person('bob')
  expect(await bob.run(SERVER_INFO)).toEqual({
    serverInfo: { features: [], limits: { maxUploadBytes: 0, maxAttachmentsPerMessage: 0 } },
  })
  await expect(createUpload(bob, { byteSize: 1 })).rejects.toThrow('FORBIDDEN')
  const { uploadUrl } = await createUpload(alice, { byteSize: 1 })
  expect(
    (await put(uploadUrl.replace(/:\d+\//, `:${new URL(off.url).port}/`), Buffer.from('x'))).status,
  ).toBe(404)
})

test('serverInfo names the feature and its limits', async () => {
  expect(await alice.run(SERVER_INFO)).toEqual({
    serverInfo: {
      features: ['uploads'],
      limits: { maxUploadBytes: 10_000_000, maxAttachmentsPerMessage: 10 },
    },
  })
})

test('at ESSENTIAL uploads are paused, and messages are not', async () => {
  await using busy = await startParley({ media: 'folder' })
  const bob = await busy.person('bob')
  const group = await bob.createGroup([])
  const sent = await upload(bob, Buffer.from('before'))
  const { uploadUrl } = await createUpload(bob, { byteSize: 1 })
  await cli(['service-level', 'essential'], { DATABASE_URL: busy.databaseUrl })
  await until(async () => (await put(uploadUrl, Buffer.from('x'))).status === 503)
  const paused = await put(uploadUrl, Buffer.from('x'))
  expect(Number(paused.headers.get('retry-after'))).toBeGreaterThan(0)
  await expect(createUpload(bob, { byteSize: 1 })).rejects.toThrow('SERVICE_DEGRADED')
  await sendFiles(bob, group, [sent])
  expect(await (await fetch(sent.url)).text()).toBe('before')
})

test.each([
  '../../etc/passwd',
  'a/b.png',
  'a\\b.png',
  '..',
  '.',
  '',
  ' ',
  'a\u0000.png',
  'a\nb',
  'x'.repeat(256),
  '\ud800',
])('the name %j is rejected', async (fileName) => {
  await expect(createUpload(alice, { fileName, byteSize: 1 })).rejects.toThrow('BAD_USER_INPUT')
})

test('a name cannot look like another one, and arrives as it is otherwise', async () => {
  for (const [given, kept] of [
    ['photo\u202Egpj.exe', 'photogpj.exe'],
    ['\u061C\u200Eplan\u200F.pdf', 'plan.pdf'],
    ['a\u200Bb\u2060c\uFFF9.pdf', 'abc.pdf'],
    ['two\u2028lines.pdf', 'two lines.pdf'],
  ] as const) {
    const { attachment } = await createUpload(alice, { fileName: given, altText: given, byteSize: 1 })
    expect([attachment.fileName, attachment.altText]).toEqual([kept, kept])
  }
  const name = 'Übung "1"; 100 %, 写真 👍.txt'
  const file = await upload(alice, Buffer.from('x'), { fileName: name })
  const disposition = (await fetch(file.url)).headers.get('content-disposition') ?? ''
  expect(decodeURIComponent(/filename\*=UTF-8''(.*)$/.exec(disposition)?.[1] ?? '')).toBe(name)
  expect(disposition).toMatch(/^attachment; filename="[\x20-\x7e]*"; /)
})

test.each(['', 'image', 'image/', '/png', 'image/png/x', 'image/p ng', 'image/*\r\nX-A: b'])(
  'the media type %j is rejected',
  async (contentType) => {
    await expect(createUpload(alice, { contentType, byteSize: 1 })).rejects.toThrow('BAD_USER_INPUT')
  },
)

test('only types that the operator allows are accepted, by name and by content', async () => {
  await using resources = new AsyncDisposableStack()
  const location = await newLocation('folder', resources)
  const contentTypes = ['image/*', 'text/plain']
  const media = {
    location,
    maxUploadBytes: 1_000_000,
    contentTypes,
    bytesPerDay: Infinity,
    bytesPerSecond: 50_000_000,
  }
  await using strict = await startParley({ config: { media } })
  const bob = await strict.person('bob')
  await expect(createUpload(bob, { contentType: 'video/mp4', byteSize: 1 })).rejects.toThrow('BAD_USER_INPUT')
  await upload(bob, await photo(8, 8), { contentType: 'image/jpeg' })
  const zip = Buffer.from('504b0304140000000000', 'hex')
  const { uploadUrl } = await createUpload(bob, { contentType: 'text/plain', byteSize: zip.length })
  expect((await put(uploadUrl, zip)).status).toBe(400)
})

test('a request without a length, with another method, or with a forged address stores nothing', async () => {
  const { uploadUrl, attachment } = await createUpload(alice, { byteSize: 3 })
  const url = new URL(uploadUrl)
  const chunked = await new Promise<number>((resolve, reject) => {
    const request = send(url, { method: 'PUT' }, (response) => resolve(response.resume().statusCode ?? 0))
    request.on('error', reject)
    request.write('abc')
    request.end()
  })
  expect(chunked).toBe(411)
  for (const method of ['GET', 'DELETE']) expect((await fetch(url, { method })).status).toBe(405)
  expect((await fetch(url, { method: 'PATCH' })).status).toBe(412)
  expect((await fetch(url, { method: 'POST', headers: TUS_HEADERS })).status).toBe(400)
  const later = uploadUrl.replace(/e=(\d+)/, (_, end: string) => `e=${Number(end) + 1}`)
  expect((await put(later, Buffer.from('abc'))).status).toBe(404)
  expect((await put(attachment.url, Buffer.from('abc'))).status).toBe(405)
  expect((await fetch(attachment.url)).status).toBe(404)
})

test('attachmentIds has at most ten different uploads, and a body is not needed', async () => {
  const files = await Promise.all(Array.from({ length: 11 }, () => upload(alice, Buffer.from('x'))))
  const [first] = files
  const sendIds = (attachmentIds: readonly (string | undefined)[], body?: string) =>
    alice.post(SEND_FILES, { input: { chatId: chat, clientMessageId: randomUUID(), body, attachmentIds } })
  for (const ids of [files.map(({ id }) => id), [first?.id, first?.id], ['attachment_1'], [chat], []]) {
    expect((await sendIds(ids)).errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT')
  }
  expect((await sendIds([first?.id], '')).errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT')
  const { message } = await sendFiles(alice, chat, files.slice(0, 10))
  expect(message.attachments.map(({ id }) => id)).toEqual(files.slice(0, 10).map(({ id }) => id))
  expect((await sendIds([first?.id])).errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT')
})

test('of two messages that are sent with one upload at the same time, one has it', async () => {
  const groups = await Promise.all(Array.from({ length: 6 }, () => alice.createGroup([])))
  const [file, other] = [await upload(alice, Buffer.from('x')), await upload(alice, Buffer.from('y'))]
  const answers = await Promise.allSettled(
    groups.map((group, index) => sendFiles(alice, group, index % 2 === 0 ? [file, other] : [other, file])),
  )
  expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  const heads = await Promise.all(groups.map(async (group) => (await alice.fetchChat(group)).headSeq))
  expect(heads.toSorted((a, b) => a - b).slice(0, 5)).toEqual([1, 1, 1, 1, 1])
})

test('pages of allowed origins may upload, and others may not read anything', async () => {
  const { uploadUrl } = await createUpload(alice, { byteSize: 1 })
  const preflight = async (origin: string) => {
    const headers = { origin, 'access-control-request-method': 'PUT' }
    return (await fetch(uploadUrl, { method: 'OPTIONS', headers })).headers
  }
  const allowed = await preflight('http://localhost:5173')
  expect(allowed.get('access-control-allow-origin')).toBe('http://localhost:5173')
  expect(allowed.get('access-control-allow-methods')).toMatch(/PUT.*PATCH/)
  expect(allowed.get('access-control-allow-headers')).toMatch(/upload-offset/)
  expect((await preflight('https://evil.example')).get('access-control-allow-origin')).toBeNull()
})
