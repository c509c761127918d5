import { expect, test, vi } from 'vitest'
import { issueToken } from '../../../src/auth/issue-token.ts'
import { photo } from '../../../test/harness/fixtures/pictures.ts'
import { Person } from '../../../test/harness/people/person.ts'
import { createTestDatabase } from '../../../test/harness/servers/database.ts'
import { type GatewayProcess, startGatewayProcess } from '../../../test/harness/servers/gateway-process.ts'
import { newLocation, startParley, TEST_SECRET } from '../../../test/harness/servers/parley.ts'
import { startRedis } from '../../../test/harness/servers/redis.ts'
import { type Attachment, memoryStorage, type Message, type ParleyClient } from '../src/index.ts'
import { attachmentStore, fileUploads, withAltText } from '../src/uploads.ts'
import { open, startClient } from './client.ts'

const MEBIBYTE = 1024 * 1024

function textFile(size: number, name = 'log.txt'): File {
  return new File([new Uint8Array(size).map((_, index) => 32 + (index % 90))], name, { type: 'text/plain' })
}

async function downloaded({ url }: Pick<Attachment, 'url'>): Promise<Uint8Array> {
  return new Uint8Array(await (await fetch(url)).arrayBuffer())
}

async function newest(client: ParleyClient, chatId: string, isWanted: (message: Message) => boolean) {
  const find = (): Message | undefined => client.chat(chatId).getSnapshot().messages.findLast(isWanted)
  await expect.poll(() => find() !== undefined, { timeout: 30_000 }).toBe(true)
  return find() as Message
}

const isSent = ({ id, status }: Message): boolean => id !== undefined && status !== 'pending'
const isReceived = ({ attachments }: Message): boolean =>
  attachments[0]?.id.startsWith('attachment_') === true

/** Counts requests to addresses of uploads, by method, and runs something before each. */
function watchedFetch(before: (method: string, count: number) => Promise<void> = async () => undefined) {
  const methods: string[] = []
  const watched: typeof fetch = async (input, init) => {
    const method = init?.method ?? 'GET'
    methods.push(method)
    await before(method, methods.filter((one) => one === method).length)
    return fetch(input, init)
  }
  return { methods, fetch: watched }
}

test('sends a picture by PUT and a large file by tus, and the other side gets both', async () => {
  await using parley = await startParley({ media: 'folder' })
  const [alice, bob] = await Promise.all([parley.person('alice'), parley.person('bob')])
  const { methods, fetch: watched } = watchedFetch()
  await using a = await startClient({
    url: parley.url,
    token: alice.token,
    uploads: fileUploads({ fetch: watched }),
  })
  await using b = await startClient({ url: parley.url, token: bob.token })
  const { id: chatId } = await a.startDirectChat(bob.id)
  const [mine, his] = [open(a, chatId), open(b, chatId)]
  const picture = new File([new Uint8Array(await photo(800, 600))], 'sea.jpg', { type: 'image/jpeg' })
  const large = textFile(3 * MEBIBYTE)
  const described = withAltText(picture, ' The sea,\na calm day\ud800 ')
  const pending = await mine.send({ body: 'Look', attachments: [described, large] })
  const altText = 'The sea, a calm day'
  expect(pending).toMatchObject({
    status: 'pending',
    attachments: [
      { fileName: 'sea.jpg', altText },
      { fileName: 'log.txt', altText: null },
    ],
  })

  const received = await newest(b, chatId, isReceived)
  expect(received).toMatchObject({
    body: 'Look',
    attachments: [
      { kind: 'IMAGE', fileName: 'sea.jpg', altText, width: 800, height: 600 },
      { kind: 'FILE', fileName: 'log.txt', byteSize: 3 * MEBIBYTE },
    ],
  })
  expect(methods).toEqual(expect.arrayContaining(['PUT', 'PATCH', 'PATCH', 'PATCH']))
  const [shown, file] = received.attachments as [Attachment, Attachment]
  expect(await downloaded(file)).toEqual(new Uint8Array(await large.arrayBuffer()))
  expect(shown.thumbhash).toEqual(expect.any(String))
  for (const url of [shown.thumbnailUrl, shown.largeThumbnailUrl])
    expect((await fetch(url as string)).headers.get('content-type')).toMatch(/^image\//)
  expect(his.getSnapshot().lastMessage).toMatchObject({ id: received.id, attachments: received.attachments })
  const own = await newest(a, chatId, (message) => isReceived(message) && message.status === 'delivered')
  expect(own).toMatchObject({ uploadProgress: undefined, attachments: [{ width: 800 }, {}] })
})

test('a gateway is killed in the middle of an upload, which another one goes on with', async () => {
  await using resources = new AsyncDisposableStack()
  const redis = resources.use(await startRedis())
  const { url: databaseUrl } = resources.use(await createTestDatabase())
  const location = await newLocation('folder', resources)
  if (location.type !== 'file') throw new Error('The test wants a folder')
  const common = { databaseUrl, redisUrl: redis.url, mediaUrl: `file:${location.folder}` }
  const west = resources.use(await startGatewayProcess(common))
  const east = resources.use(await startGatewayProcess(common))
  const token = await issueToken(TEST_SECRET, { subject: 'alice' })
  const alice = resources.use(new Person({ url: east.url, token, name: 'alice' }))
  const chatId = await alice.createGroup([])

  // A load balancer, as far as this client sees: every request goes to the gateway that is alive.
  let gateway: GatewayProcess = west
  const { host } = new URL(west.url)
  const balanced = (url: string | URL): string => String(url).replace(host, new URL(gateway.url).host)
  const { methods, fetch: watched } = watchedFetch(async (method, count) => {
    if (method !== 'PATCH' || count !== 3) return
    await west.kill()
    gateway = east
  })
  class BalancedWebSocket extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(balanced(url), protocols)
    }
  }
  const client = resources.use(
    await startClient({
      url: west.url,
      token,
      fetch: (input, init) => fetch(balanced(input as string), init),
      WebSocket: BalancedWebSocket,
      uploads: fileUploads({
        // The third request is one for the dead gateway; those after it go to the other.
        fetch: async (input, init) => {
          const before = balanced(input as string)
          return watched(before, init)
        },
      }),
    }),
  )
  const chat = open(client, chatId)
  const file = textFile(5 * MEBIBYTE)
  await chat.send({ attachments: [file] })
  const sent = await newest(client, chatId, isReceived)
  expect(await downloaded(sent.attachments[0] as Attachment)).toEqual(
    new Uint8Array(await file.arrayBuffer()),
  )
  expect(methods).toContain('HEAD')
  // Two parts were stored before the gateway died, and were not sent again.
  expect(methods.filter((method) => method === 'PATCH')).toHaveLength(6)
  const { messages } = await alice.fetchChat(chatId)
  expect(messages.edges).toHaveLength(1)
})

test('a client that ends in the middle of an upload goes on with it at the next start, and sends once', async () => {
  await using parley = await startParley({ media: 'folder' })
  const alice = await parley.person('alice')
  const chatId = await alice.createGroup([])
  const storage = memoryStorage()
  const hanging = watchedFetch(async (method, count) => {
    if (method === 'PATCH' && count === 2) await new Promise(() => undefined)
  })
  const before = await startClient({
    url: parley.url,
    token: alice.token,
    storage,
    uploads: fileUploads({ fetch: hanging.fetch }),
  })
  const file = textFile(3 * MEBIBYTE)
  await open(before, chatId).send({ body: 'Log', attachments: [file] })
  await expect.poll(() => hanging.methods).toEqual(['PATCH', 'PATCH'])
  await before.close()

  const going = watchedFetch()
  await using after = await startClient({
    url: parley.url,
    token: alice.token,
    storage,
    uploads: fileUploads({ fetch: going.fetch }),
  })
  const chat = open(after, chatId)
  const sent = await newest(after, chatId, (message) => isSent(message) && isReceived(message))
  expect(going.methods).toEqual(['HEAD', 'PATCH', 'PATCH'])
  expect(await downloaded(sent.attachments[0] as Attachment)).toEqual(
    new Uint8Array(await file.arrayBuffer()),
  )
  expect(chat.getSnapshot().messages.map(({ body }) => body)).toEqual(['Log'])
  await expect.poll(() => storage.keys(`${alice.id}/upload/`)).toEqual([])
})

test('says which file the server does not take, and sends the message without it', async () => {
  await using parley = await startParley({ media: 'folder' })
  const alice = await parley.person('alice')
  const chatId = await alice.createGroup([])
  await using client = await startClient({ url: parley.url, token: alice.token, uploads: fileUploads() })
  const chat = open(client, chatId)
  const { clientMessageId } = await chat.send({ attachments: [textFile(11_000_000, 'film.mov')] })
  const failed = await newest(client, chatId, ({ status }) => status === 'failed')
  expect(failed.error).toEqual({ code: 'FILE_TOO_LARGE', message: 'film.mov is larger than 9.5 MB.' })
  chat.discard(clientMessageId)
  await expect.poll(() => chat.getSnapshot().messages).toEqual([])
})

test('renews the addresses of an attachment before they expire', async () => {
  await using parley = await startParley({ media: 'folder' })
  const alice = await parley.person('alice')
  const chatId = await alice.createGroup([])
  await using client = await startClient({ url: parley.url, token: alice.token, uploads: fileUploads() })
  await open(client, chatId).send({ attachments: [textFile(10)] })
  const { attachments } = await newest(client, chatId, isReceived)
  const attachment = attachments[0] as Attachment
  const old = { ...attachment, url: `${parley.url}/gone`, urlExpiresAt: new Date().toISOString() }
  const store = attachmentStore(client, old)
  expect(store.getSnapshot()).toBe(old)
  const listener = vi.fn<() => void>()
  store.subscribe(listener)
  await expect.poll(() => store.getSnapshot()).toEqual(attachment)
  expect(listener).toHaveBeenCalledOnce()
  expect(attachmentStore(client, attachment)).toBe(store)
})
