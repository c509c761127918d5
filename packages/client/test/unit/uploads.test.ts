import { afterEach, expect, test } from 'vitest'
import type { ClientStorage, Message } from '../../src/api.ts'
import { networkError, ParleyError } from '../../src/errors.ts'
import { Model } from '../../src/model/model.ts'
import { createOutbox, type Outbox } from '../../src/outbox/outbox.ts'
import { memoryStorage } from '../../src/storage/memory-storage.ts'
import { joinAlone } from '../../src/tabs/tabs.ts'
import { createUploadQueue } from '../../src/uploads/file-uploads.ts'
import { createUploadServer, MEBIBYTE, type UploadServer } from './upload-server.ts'

const BOB = { id: 'user_bob', name: 'Bob', avatarUrl: null }
const BUSY = new ParleyError('UNAVAILABLE', 'Later.', { isRetryable: true, retryAfterMs: 1 })

const stops: AbortController[] = []
const errors: unknown[] = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop.abort()
  expect(errors.splice(0)).toEqual([])
})

/** A client with one chat, as far as sending goes. Another one with the same storage is the client after a reload. */
async function startClient(server: UploadServer, storage: ClientStorage = memoryStorage()) {
  const stop = new AbortController()
  stops.push(stop)
  const model: Model = new Model((chat) => outbox.unsentIn(chat, BOB.id, () => BOB))
  const outbox: Outbox = createOutbox({
    storage,
    model,
    prefix: 'user_bob/outbox/',
    request: server.request,
    uploads: (context) => createUploadQueue(context, server.transport),
    signal: stop.signal,
    onChanged: (chatId) => model.touch(chatId),
    onStored: () => undefined,
    onSent: () => undefined,
    onError: (error) => void errors.push(error),
  })
  await outbox.load()
  outbox.setSender(true, true)
  const shown = (): readonly Message[] => model.state('chat_1').getSnapshot().messages
  return { outbox, shown, stop, storage, newest: () => shown().at(-1) as Message }
}

function file(size: number, name = 'notes.txt', type = 'text/plain'): File {
  return new File([new Uint8Array(size).map((_, index) => index % 251)], name, { type })
}

const filesIn = async (storage: ClientStorage): Promise<readonly string[]> => storage.keys('user_bob/upload/')

/** A promise with its end outside. */
function gate() {
  let open = (): void => undefined
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { open, opened }
}

test('uploads a small file by PUT, and sends the message with its id', async () => {
  const server = createUploadServer()
  const { outbox } = await startClient(server)
  await outbox.add('chat_1', { body: 'Look', attachments: [file(5)] })
  await server.expectSent(1)
  expect(server.requests).toEqual(['UploadLimits', 'createUpload', 'PUT', 'sendMessage'])
  expect(server.messages[0]).toMatchObject({ body: 'Look', attachmentIds: ['attachment_1'] })
  expect(server.uploads.get('attachment_1')).toMatchObject({
    announced: { fileName: 'notes.txt', contentType: 'text/plain', byteSize: 5 },
    bytes: new Uint8Array([0, 1, 2, 3, 4]),
  })
})

test('shows the message with its files at once, and how far they are', async () => {
  const server = createUploadServer()
  const reached = gate()
  server.beforeBytes(async ({ headers }) => {
    if (headers['Upload-Offset'] === String(MEBIBYTE)) await reached.opened
  })
  const { outbox, newest, shown } = await startClient(server)
  await outbox.add('chat_1', { attachments: [file(2 * MEBIBYTE, 'holiday.png', 'image/png')] })
  expect(newest()).toMatchObject({
    body: null,
    status: 'pending',
    attachments: [{ kind: 'IMAGE', fileName: 'holiday.png', byteSize: 2 * MEBIBYTE }],
  })
  const [attachment] = newest().attachments
  expect(attachment?.url).toMatch(/^blob:/)
  expect(attachment?.thumbnailUrl).toBe(attachment?.url)
  await expect.poll(() => newest().uploadProgress).toBe(0.5)
  reached.open()
  await expect.poll(() => newest().status).toBe('sent')
  expect(newest().uploadProgress).toBeUndefined()
  expect(shown()).toHaveLength(1)
})

test('goes on after a reload where the upload was, and sends the message once', async () => {
  const server = createUploadServer()
  server.beforeBytes(async ({ headers }) => {
    if (headers['Upload-Offset'] === String(MEBIBYTE)) await new Promise(() => undefined)
  })
  const before = await startClient(server)
  await before.outbox.add('chat_1', { attachments: [file(3 * MEBIBYTE)] })
  await expect.poll(() => server.requests.at(-1)).toBe(`PATCH ${MEBIBYTE}`)
  before.stop.abort()

  server.beforeBytes(async () => undefined)
  server.requests.length = 0
  const { shown } = await startClient(server, before.storage)
  await server.expectSent(1)
  expect(shown()[0]?.attachments[0]?.fileName).toBe('notes.txt')
  expect(server.requests).toEqual(['HEAD', `PATCH ${MEBIBYTE}`, `PATCH ${2 * MEBIBYTE}`, 'sendMessage'])
  expect(server.uploads.get('attachment_1')?.bytes).toEqual(
    new Uint8Array(await file(3 * MEBIBYTE).arrayBuffer()),
  )
})

test('goes on after a lost connection, an overload, and another request that moved the upload on', async () => {
  const server = createUploadServer()
  const faults: ((() => never) | undefined)[] = [
    undefined,
    () => {
      throw networkError('cut')
    },
    undefined,
    () => {
      throw BUSY
    },
  ]
  server.beforeBytes(async () => faults.shift()?.())
  const { outbox } = await startClient(server)
  await outbox.add('chat_1', { attachments: [file(2 * MEBIBYTE)] })
  await server.expectSent(1)
  expect(server.requests.filter((name) => name === 'createUpload')).toHaveLength(1)
  expect(server.requests.filter((name) => name === 'HEAD').length).toBeGreaterThanOrEqual(2)
})

test('sends messages in the order of send, and a message whose answer was lost once', async () => {
  const server = createUploadServer()
  server.loseAnswer()
  const { outbox } = await startClient(server)
  await Promise.all([
    outbox.add('chat_1', { body: 'picture', attachments: [file(2 * MEBIBYTE), file(3)] }),
    outbox.add('chat_1', { body: 'text' }),
  ])
  await server.expectSent(2)
  expect(server.messages.map(({ body }) => body)).toEqual(['picture', 'text'])
  expect(server.requests.filter((name) => name === 'PUT')).toHaveLength(1)
  expect(server.messages[0]?.attachmentIds?.map((id) => server.uploads.get(id)?.announced.byteSize)).toEqual([
    2 * MEBIBYTE,
    3,
  ])
})

test.each([
  ['FILE_TOO_LARGE', 'notes.txt is larger than 8 MB.', 9 * MEBIBYTE, undefined],
  [
    'FILE_TYPE_NOT_ALLOWED',
    'notes.txt: files of the type text/plain are not allowed.',
    5,
    new ParleyError('BAD_USER_INPUT', 'contentType text/plain is not allowed on this server'),
  ],
  [
    'RATE_LIMITED',
    'Too much today.',
    5,
    new ParleyError('RATE_LIMITED', 'Too much today.', { isRetryable: true, retryAfterMs: 3_600_000 }),
  ],
  [
    'SERVICE_DEGRADED',
    'Uploads are paused.',
    5,
    new ParleyError('SERVICE_DEGRADED', 'Uploads are paused.', { isRetryable: true, retryAfterMs: 5_000 }),
  ],
])('fails with %s, lets the next message go on, and can be retried', async (code, message, size, error) => {
  const server = createUploadServer()
  server.onCreate(() => {
    if (error !== undefined) throw error
  })
  const { outbox, shown } = await startClient(server)
  const key = await outbox.add('chat_1', { attachments: [file(size)] })
  await outbox.add('chat_1', { body: 'text' })
  await server.expectSent(1)
  const failed = shown().find(({ clientMessageId }) => clientMessageId === key)
  expect(failed).toMatchObject({ status: 'failed', error: { code, message }, uploadProgress: undefined })
  if (error === undefined) return
  server.onCreate(() => undefined)
  outbox.retry(key)
  await server.expectSent(2)
})

test('uploads nothing if the server takes no files', async () => {
  const server = createUploadServer()
  server.setFeatures([])
  const { outbox, newest } = await startClient(server)
  await outbox.add('chat_1', { attachments: [file(5)] })
  await expect.poll(() => newest().error?.code).toBe('FORBIDDEN')
  expect(server.uploads.size).toBe(0)
})

test('a definite error of one file ends the uploads of the others', async () => {
  const server = createUploadServer()
  server.onCreate(({ fileName }) => {
    if (fileName === 'bad.exe') throw new ParleyError('BAD_USER_INPUT', 'contentType is not allowed')
  })
  server.beforeBytes(() => new Promise(() => undefined))
  const { outbox, newest } = await startClient(server)
  await outbox.add('chat_1', { attachments: [file(5), file(5, 'bad.exe')] })
  await expect.poll(() => newest().error?.code).toBe('FILE_TYPE_NOT_ALLOWED')
})

test('announces a file again if the server has deleted the upload', async () => {
  const server = createUploadServer()
  const { outbox, newest } = await startClient(server)
  let isFirst = true
  server.beforeBytes(async () => {
    if (isFirst) server.uploads.delete('attachment_1')
    isFirst = false
    // The next one gets another id.
    if (!server.uploads.has('gone')) server.uploads.set('gone', { ...EMPTY })
  })
  await outbox.add('chat_1', { attachments: [file(5)] })
  await expect.poll(() => newest().error?.code ?? newest().status).toBe('NOT_FOUND')
  outbox.retry(newest().clientMessageId)
  await server.expectSent(1)
})

const EMPTY = {
  announced: { fileName: '', contentType: '', byteSize: 0 },
  url: '',
  bytes: new Uint8Array(),
  isComplete: false,
}

test('uploads again after a retry if the server deleted the files meanwhile', async () => {
  const server = createUploadServer()
  const { outbox, newest } = await startClient(server)
  server.onCreate(({ fileName }) => {
    if (fileName === 'second.txt') throw new ParleyError('FORBIDDEN', 'No.')
  })
  await outbox.add('chat_1', { attachments: [file(5, 'first.txt'), file(5, 'second.txt')] })
  await expect.poll(() => newest().error?.code).toBe('FORBIDDEN')
  await expect.poll(() => [...server.uploads.values()].map(({ isComplete }) => isComplete)).toEqual([true])
  server.uploads.set('kept', { ...EMPTY })
  server.uploads.delete('attachment_1')
  server.onCreate(() => undefined)
  outbox.retry(newest().clientMessageId)
  await server.expectSent(1)
  expect(server.messages[0]?.attachmentIds).toHaveLength(2)
})

test('discarding ends the upload, removes the bytes, and the next message goes on', async () => {
  const server = createUploadServer()
  server.beforeBytes(({ method }) => (method === 'PATCH' ? new Promise(() => undefined) : Promise.resolve()))
  const { outbox, storage, shown } = await startClient(server)
  const key = await outbox.add('chat_1', { body: 'video', attachments: [file(2 * MEBIBYTE)] })
  await outbox.add('chat_1', { body: 'text' })
  await expect.poll(() => server.requests.at(-1)).toBe('PATCH 0')
  expect(await filesIn(storage)).not.toEqual([])
  outbox.discard(key)
  await server.expectSent(1)
  expect(server.messages.map(({ body }) => body)).toEqual(['text'])
  expect(shown().some(({ clientMessageId }) => clientMessageId === key)).toBe(false)
  await expect.poll(() => filesIn(storage)).toEqual([])
})

test('revokes the addresses of this device and removes the bytes once the message is in the log', async () => {
  const revoked: string[] = []
  const revoke = URL.revokeObjectURL.bind(URL)
  URL.revokeObjectURL = (url) => {
    revoked.push(url)
    revoke(url)
  }
  try {
    const server = createUploadServer()
    const { outbox, storage, newest, shown } = await startClient(server)
    const key = await outbox.add('chat_1', { attachments: [file(5, 'a.png', 'image/png')] })
    const { url } = newest().attachments[0] ?? { url: '' }
    await expect.poll(() => newest().status).toBe('sent')
    expect(revoked).toEqual([])
    outbox.noteHead('chat_1', 1)
    outbox.noteLogged(key)
    outbox.noteSent({
      key: '',
      chatId: 'chat_1',
      clientMessageId: 'x',
      createdAt: 0,
      id: 'm',
      seq: 9,
      sentAt: '2026',
    })
    await expect.poll(() => revoked).toEqual([url])
    await expect.poll(() => filesIn(storage)).toEqual([])
    expect(shown().some(({ clientMessageId }) => clientMessageId === key)).toBe(false)
  } finally {
    URL.revokeObjectURL = revoke
  }
})

test('rejects what no server takes, and stores nothing of it', async () => {
  const server = createUploadServer()
  const { outbox, storage } = await startClient(server)
  await expect(outbox.add('chat_1', { attachments: [file(0, 'empty.txt')] })).rejects.toMatchObject({
    code: 'FILE_EMPTY',
    message: 'empty.txt is empty.',
  })
  const many = Array.from({ length: 11 }, () => file(1))
  await expect(outbox.add('chat_1', { attachments: many })).rejects.toMatchObject({ code: 'BAD_USER_INPUT' })
  expect(await filesIn(storage)).toEqual([])
  expect(await storage.keys('')).toEqual([])
})

test('names a file as the server allows it', async () => {
  const server = createUploadServer()
  const { outbox } = await startClient(server)
  const blob = new Blob(['x'], { type: 'audio/webm;codecs=opus' })
  await outbox.add('chat_1', { attachments: [file(1, '../a/b\u0007.txt'), blob] })
  await server.expectSent(1)
  const names = [...server.uploads.values()].map(({ announced }) => [
    announced.fileName,
    announced.contentType,
  ])
  expect(names).toEqual([
    ['.._a_b_.txt', 'text/plain'],
    ['file.webm', 'audio/webm'],
  ])
})

test('removes bytes of an earlier start that belong to no message, unless they may just have been stored', async () => {
  const server = createUploadServer()
  const storage = memoryStorage()
  const hourAgo = Date.now() - 3_600_000
  const key = (time: number, name: string): string => `user_bob/upload/${time}-${name}`
  const used = { key: key(hourAgo, 'used'), attachment: {} }
  const entry = { key: 'user_bob/outbox/1', chatId: 'chat_2', clientMessageId: 'a', error: {}, files: [used] }
  const values = [
    key(hourAgo, 'orphan'),
    `${key(hourAgo, 'orphan')}/upload`,
    used.key,
    key(Date.now(), 'young'),
  ]
  await storage.write(
    new Map<string, unknown>([...values.map((name) => [name, 1] as const), [entry.key, entry]]),
  )
  await startClient(server, storage)
  const kept = [used.key, values.at(-1)]
  await expect.poll(() => filesIn(storage)).toEqual(kept)
})

test('shows in another tab how far the upload of the leading tab is', async () => {
  const server = createUploadServer()
  server.beforeBytes(async ({ headers }) => {
    if (headers['Upload-Offset'] === String(MEBIBYTE)) await new Promise(() => undefined)
  })
  const storage: ClientStorage = { ...memoryStorage(), joinTabs: joinAlone, exclusively: (work) => work() }
  const [leading, following] = [await startClient(server, storage), await startClient(server, storage)]
  following.outbox.setSender(false, false)
  await leading.outbox.add('chat_1', { attachments: [file(2 * MEBIBYTE)] })
  await following.outbox.load()
  await expect.poll(() => following.newest().uploadProgress).toBe(0.5)
  expect(following.newest().attachments[0]?.url).toMatch(/^blob:/)
})

test('sends attachments that the app has uploaded itself', async () => {
  const server = createUploadServer()
  const { outbox } = await startClient(server)
  server.uploads.set('attachment_own', { ...EMPTY, isComplete: true })
  await outbox.add('chat_1', { attachmentIds: ['attachment_own'] })
  await server.expectSent(1)
  expect(server.messages[0]?.attachmentIds).toEqual(['attachment_own'])
})
