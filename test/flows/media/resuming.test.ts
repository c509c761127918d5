import { randomBytes } from 'node:crypto'
import { ReadableStream } from 'node:stream/web'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Upload } from 'tus-js-client'
import { openStorage } from '../../../src/media/open-storage.ts'
import type { MediaStorage } from '../../../src/media/storage.ts'
import { query, createTestDatabase } from '../../harness/servers/database.ts'
import { newLocation, startParley, type TestParley } from '../../harness/servers/parley.ts'
import {
  createUpload,
  findAttachment,
  patchUpload,
  put,
  sendFiles,
  TUS_HEADERS,
} from '../../harness/people/files.ts'
import type { Person } from '../../harness/people/person.ts'
import { photo } from '../../harness/fixtures/pictures.ts'
import { until } from '../../harness/fixtures/until.ts'

async function offsetOf(url: string): Promise<string | null> {
  return (await fetch(url, { method: 'HEAD', headers: TUS_HEADERS })).headers.get('upload-offset')
}

async function downloaded(url: string): Promise<Buffer> {
  return Buffer.from(await (await fetch(url)).arrayBuffer())
}

describe.each(['folder', 's3'] as const)('with files in: %s', (kind) => {
  const resources = new AsyncDisposableStack()
  let west: TestParley
  let east: TestParley
  let alice: Person
  let storage: MediaStorage
  beforeAll(async () => {
    const location = await newLocation(kind, resources)
    storage = openStorage(location)
    const { url: databaseUrl } = resources.use(await createTestDatabase())
    west = resources.use(await startParley({ databaseUrl, media: location }))
    east = resources.use(await startParley({ databaseUrl, media: location }))
    alice = await west.person('alice')
  })
  afterAll(() => resources.disposeAsync())

  /** The same address at the other gateway, as behind a load balancer. */
  const atEast = (url: string): string => url.replace(new URL(url).host, new URL(east.url).host)

  test('an upload that begins at one gateway continues at another', async () => {
    const bytes = randomBytes(5_000_000)
    const { uploadUrl, attachment } = await createUpload(alice, { byteSize: bytes.length })
    expect(await offsetOf(uploadUrl)).toBe('0')
    expect((await patchUpload(uploadUrl, 0, bytes.subarray(0, 4_500_000))).status).toBe(204)
    expect(await offsetOf(atEast(uploadUrl))).toBe('4500000')
    expect((await patchUpload(atEast(uploadUrl), 4_500_000, bytes.subarray(4_500_000))).status).toBe(204)
    expect((await downloaded(attachment.url)).equals(bytes)).toBe(true)
    const chat = await alice.createGroup([])
    await sendFiles(alice, chat, [attachment])
    const parts = await query(west.databaseUrl, `SELECT FROM upload_parts`)
    expect(parts).toEqual([])
  })

  test('tus-js-client uploads a picture in pieces, with creation and by the address alone', async () => {
    const picture = await photo(900, 600)
    for (const how of ['endpoint', 'uploadUrl'] as const) {
      const announced = { fileName: 'sea.jpg', contentType: 'image/jpeg', byteSize: picture.length }
      const { uploadUrl, attachment } = await createUpload(alice, announced)
      await new Promise<void>((resolve, reject) => {
        const upload = new Upload(picture, {
          [how]: uploadUrl,
          chunkSize: 2_000,
          retryDelays: null,
          onError: reject,
          onSuccess: () => resolve(),
        })
        upload.start()
      })
      expect(await findAttachment(alice, attachment.id)).toMatchObject({ kind: 'IMAGE', width: 900 })
    }
  })

  test('bytes that arrived before the connection was lost are kept', async () => {
    const bytes = randomBytes(3_000_000)
    const { uploadUrl, attachment } = await createUpload(alice, { byteSize: bytes.length })
    const cut = new AbortController()
    const body = new ReadableStream({
      async pull(controller) {
        controller.enqueue(new Uint8Array(bytes.subarray(0, 1_000_000)))
        await new Promise(() => undefined)
      },
    })
    const lost = fetch(uploadUrl, {
      method: 'PATCH',
      headers: { ...TUS_HEADERS, 'content-type': 'application/offset+octet-stream', 'upload-offset': '0' },
      body,
      duplex: 'half',
      signal: cut.signal,
    } as RequestInit)
    // The next request of the client ends the one that hangs.
    const rejected = expect(lost).rejects.toThrow(/abort/i)
    await expect.poll(async () => Number(await offsetOf(atEast(uploadUrl))), { timeout: 10_000 }).toBe(0)
    cut.abort()
    await rejected
    // How much of it the network has delivered is not certain.
    const received = async () => Number(await offsetOf(uploadUrl))
    await expect.poll(received, { timeout: 10_000 }).toBeGreaterThan(100_000)
    const rest = bytes.subarray(await received())
    expect((await patchUpload(uploadUrl, bytes.length - rest.length, rest)).status).toBe(204)
    expect((await downloaded(attachment.url)).equals(bytes)).toBe(true)
  })

  test('bytes that arrive when their upload is deleted are not kept', async () => {
    const bytes = randomBytes(5_000_000)
    const { uploadUrl, attachment } = await createUpload(alice, { byteSize: bytes.length })
    const id = attachment.id.replace('attachment_', '')
    const rowsOf = (text: string) => query<{ key: string }>(west.databaseUrl, text, [id])
    const parts = () => rowsOf('SELECT FROM upload_parts WHERE upload_id = $1')
    const [{ key } = { key: '' }] = await rowsOf('SELECT storage_key AS key FROM uploads WHERE id = $1')
    const { promise: isDeleted, resolve: goOn } = Promise.withResolvers<void>()
    async function* body(): AsyncIterable<Uint8Array> {
      yield new Uint8Array(bytes.subarray(0, 4_500_000))
      await isDeleted
      yield new Uint8Array(bytes.subarray(4_500_000))
    }
    const request = fetch(uploadUrl, {
      method: 'PATCH',
      headers: { ...TUS_HEADERS, 'content-type': 'application/offset+octet-stream', 'upload-offset': '0' },
      body: ReadableStream.from(body()),
      duplex: 'half',
    } as RequestInit)
    await until(async () => (await parts()).length === 1, 10_000)
    await rowsOf('UPDATE uploads SET released_at = now() WHERE id = $1')
    await until(async () => (await rowsOf('SELECT FROM uploads WHERE id = $1')).length === 0, 30_000)
    goOn()
    expect((await request).status).toBeGreaterThanOrEqual(400)
    expect(await parts()).toEqual([])
    expect(await Array.fromAsync(storage.list(key))).toEqual([])
  })

  test('of two requests that continue at the same byte, through two gateways, one counts', async () => {
    const { uploadUrl, attachment } = await createUpload(alice, { byteSize: 10 })
    const answers = await Promise.all([
      patchUpload(uploadUrl, 0, Buffer.from('aaaaa')),
      patchUpload(atEast(uploadUrl), 0, Buffer.from('bbbbb')),
    ])
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([204, 409])
    expect((await patchUpload(uploadUrl, 5, Buffer.from('ccccc'))).status).toBe(204)
    expect(String(await downloaded(attachment.url))).toMatch(/^(aaaaa|bbbbb)ccccc$/)
  })

  test('a wrong offset, length or method is rejected, and changes nothing', async () => {
    const { uploadUrl } = await createUpload(alice, { byteSize: 10 })
    await patchUpload(uploadUrl, 0, Buffer.from('01234'))
    const ten = Buffer.from('0123456789')
    expect((await patchUpload(uploadUrl, 0, ten)).status).toBe(409)
    expect((await patchUpload(uploadUrl, 6, Buffer.from('6789'))).status).toBe(409)
    expect((await patchUpload(uploadUrl, 5, ten)).status).toBe(413)
    for (const offset of ['-1', '5e0', 'NaN', '99999999999999999999']) {
      expect(
        (await patchUpload(uploadUrl, 0, ten, { 'upload-offset': offset })).status,
        offset,
      ).toBeGreaterThanOrEqual(400)
    }
    const post = (headers: Record<string, string>) =>
      fetch(uploadUrl, { method: 'POST', headers: { ...TUS_HEADERS, ...headers } })
    expect((await post({ 'upload-length': '11' })).status).toBe(400)
    expect((await post({ 'upload-defer-length': '1' })).status).toBe(501)
    expect((await post({ 'upload-concat': 'partial', 'upload-length': '10' })).status).toBeGreaterThanOrEqual(
      400,
    )
    expect((await fetch(uploadUrl, { method: 'DELETE', headers: TUS_HEADERS })).status).toBe(405)
    expect((await fetch(uploadUrl, { method: 'HEAD' })).status).toBe(412)
    expect((await patchUpload(uploadUrl.replace(/sig=[^&]+/, 'sig=x'), 5, Buffer.from('56789'))).status).toBe(
      404,
    )
    expect(await offsetOf(uploadUrl)).toBe('5')
  })

  test('a request that is rejected is answered with what is wrong and what to do', async () => {
    const { uploadUrl } = await createUpload(alice, { byteSize: 10 })
    const ten = Buffer.from('0123456789')
    const header = (name: string, value: string): Promise<Response> =>
      patchUpload(uploadUrl, 0, ten, { [name]: value })
    const post = (headers: Record<string, string>): Promise<Response> =>
      fetch(uploadUrl, { method: 'POST', headers: { ...TUS_HEADERS, ...headers } })
    for (const [request, status, code, message] of [
      [header('tus-resumable', '0.2.2'), 412, 'BAD_USER_INPUT', /Tus-Resumable: 1\.0\.0/],
      [header('content-type', 'text/plain'), 400, 'BAD_USER_INPUT', /application\/offset\+octet-stream/],
      [header('upload-offset', '-1'), 400, 'BAD_USER_INPUT', /by HEAD/],
      [header('upload-offset', '6'), 409, 'CONFLICT', /by HEAD/],
      [patchUpload(uploadUrl, 0, Buffer.alloc(11)), 413, 'BAD_USER_INPUT', /size/],
      [post({}), 400, 'BAD_USER_INPUT', /Upload-Length/],
      [post({ 'upload-defer-length': '1' }), 501, 'BAD_USER_INPUT', /not .*supported/],
    ] as const) {
      const answer = await request
      expect(answer.status).toBe(status)
      expect(await answer.clone().text()).toMatch(message)
      expect(await answer.json()).toMatchObject({ errors: [{ extensions: { code } }] })
    }
    expect(await offsetOf(uploadUrl)).toBe('0')
  })

  test('a file that arrives in too many pieces is not taken further, and a PUT completes it', async () => {
    const { uploadUrl, attachment } = await createUpload(alice, { byteSize: 2_000 })
    await patchUpload(uploadUrl, 0, Buffer.from('x'))
    await query(
      west.databaseUrl,
      `INSERT INTO upload_parts (upload_id, start_byte, byte_count, folder)
       SELECT upload_id, start, 1, folder FROM upload_parts, generate_series(1, 999) AS start WHERE upload_id = $1`,
      [attachment.id.replace('attachment_', '')],
    )
    const next = await patchUpload(uploadUrl, 1_000, Buffer.from('x'))
    expect(next.status).toBe(400)
    expect(await next.text()).toContain('one PUT')
    expect(await offsetOf(uploadUrl)).toBe('1000')
    const bytes = randomBytes(2_000)
    expect((await put(uploadUrl, bytes)).status).toBe(204)
    expect((await downloaded(attachment.url)).equals(bytes)).toBe(true)
  })

  test('an upload whose last step was lost is completed when the client asks for its offset', async () => {
    const { uploadUrl, attachment } = await createUpload(alice, { byteSize: 5 })
    await patchUpload(uploadUrl, 0, Buffer.from('abcd'))
    // As a gateway leaves it that dies between the last byte and the inspection.
    await query(west.databaseUrl, `UPDATE uploads SET byte_size = 4 WHERE id = $1`, [
      attachment.id.replace('attachment_', ''),
    ])
    expect(await offsetOf(uploadUrl)).toBe('4')
    expect(String(await downloaded(attachment.url))).toBe('abcd')
  })

  test('a plain PUT completes an upload that tus has begun', async () => {
    const { uploadUrl, attachment } = await createUpload(alice, { byteSize: 5 })
    await patchUpload(uploadUrl, 0, Buffer.from('ab'))
    expect((await put(uploadUrl, Buffer.from('12345'))).status).toBe(204)
    expect(await offsetOf(uploadUrl)).toBe('5')
    expect(String(await downloaded(attachment.url))).toBe('12345')
  })
})
