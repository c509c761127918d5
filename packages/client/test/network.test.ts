import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTcpProxy, type TcpProxy } from '../../../test/harness/network/tcp-proxy.ts'
import { startParley, type TestParley, UNLIMITED } from '../../../test/harness/servers/parley.ts'
import { memoryStorage } from '../src/index.ts'
import { bodies, createClient, open, startClient } from './client.ts'
import { jsonStorage } from './json-storage.ts'

let parley: TestParley
beforeAll(async () => {
  parley = await startParley({ config: UNLIMITED })
})
afterAll(() => parley[Symbol.asyncDispose]())

let count = 0
/** Creates two users with a direct chat. The network between the second one and the server can fail. */
async function twoUsers() {
  count += 1
  const [alice, bob] = await Promise.all([parley.person(`alice-${count}`), parley.person(`bob-${count}`)])
  const proxy = await startTcpProxy(parley.url)
  const chatId = await alice.startChat(bob)
  return { alice, bob, proxy, chatId }
}

const faults: Record<string, (proxy: TcpProxy) => void> = {
  'the connection is reset': (proxy) => proxy.cut(),
  'the network swallows everything': (proxy) => proxy.blackhole(),
}

test.for(Object.keys(faults))('misses nothing while %s', async (fault) => {
  const { alice, bob, proxy, chatId } = await twoUsers()
  await using _ = proxy
  await using client = await startClient({ url: proxy.url, token: bob.token })
  open(client, chatId)
  const expected: string[] = []
  for (const part of [1, 2]) {
    for (const nth of [1, 2, 3]) {
      const body = `${part}.${nth}`
      expected.push(body)
      await alice.send(chatId, body)
      if (part === 1 && nth === 1) faults[fault]?.(proxy)
    }
    // A network that swallows everything is noticed by the missing pong.
    await expect
      .poll(() => client.connection.getSnapshot().type, { timeout: 30_000 })
      .toBe(part === 1 ? 'offline' : 'live')
    if (part === 1) proxy.restore()
  }
  await expect.poll(() => bodies(client, chatId)).toEqual(expected)
  expect(client.errors).toEqual([])
})

test('sends what was written without a connection once it is back, in order and once', async () => {
  const { alice, bob, proxy, chatId } = await twoUsers()
  await using _ = proxy
  await using client = await startClient({ url: proxy.url, token: bob.token })
  const chat = open(client, chatId)
  proxy.cut()
  await expect.poll(() => client.connection.getSnapshot().type).toBe('offline')
  await Promise.all(['a', 'b', 'c'].map((body) => chat.send({ body })))
  expect(chat.getSnapshot().messages.map(({ body, status }) => [body, status])).toEqual([
    ['a', 'pending'],
    ['b', 'pending'],
    ['c', 'pending'],
  ])
  proxy.restore()
  await using other = await startClient({ url: parley.url, token: alice.token })
  open(other, chatId)
  await expect.poll(() => bodies(other, chatId)).toEqual(['a', 'b', 'c'])
  await expect
    .poll(() => chat.getSnapshot().messages.map(({ status }) => status))
    .toEqual(Array(3).fill('delivered'))
})

test('sends a message once when the answer to it is lost', async () => {
  const { bob, proxy, chatId } = await twoUsers()
  await using _ = proxy
  await using client = await startClient({ url: proxy.url, token: bob.token })
  const chat = open(client, chatId)
  const dropped = proxy.dropResponse((data, by) => by === 'client' && data.includes('sendMessage'))
  await chat.send({ body: 'once' })
  await dropped
  await expect
    .poll(() => chat.getSnapshot().messages.map(({ body, status }) => [body, status]))
    .toEqual([['once', 'sent']])
  await expect.poll(() => client.connection.getSnapshot().type).toBe('live')
  expect(bodies(client, chatId)).toEqual(['once'])
})

test('keeps the outbox when the app ends before anything is sent', async () => {
  const { alice, bob, proxy, chatId } = await twoUsers()
  await using _ = proxy
  const kept = memoryStorage()
  const storage = { ...kept, close: async () => undefined }
  {
    await using client = await startClient({ url: proxy.url, token: bob.token, storage })
    proxy.cut()
    await expect.poll(() => client.connection.getSnapshot().type).toBe('offline')
    for (const body of ['first', 'second']) await client.chat(chatId).send({ body })
  }
  proxy.restore()
  await using client = await startClient({ url: proxy.url, token: bob.token, storage })
  open(client, chatId)
  await using other = await startClient({ url: parley.url, token: alice.token })
  open(other, chatId)
  await expect.poll(() => bodies(other, chatId)).toEqual(['first', 'second'])
  await expect
    .poll(() =>
      client
        .chat(chatId)
        .getSnapshot()
        .messages.map(({ status }) => status),
    )
    .toEqual(['delivered', 'delivered'])
})

test('shows the same chats from a storage that knows only JSON, without a connection', async () => {
  const { alice, bob, proxy, chatId } = await twoUsers()
  await using _ = proxy
  const storage = jsonStorage()
  const { id: aliceId } = alice
  await alice.send(chatId, 'one')
  let before: unknown
  {
    await using client = await startClient({ url: proxy.url, token: bob.token, storage })
    const chat = open(client, chatId)
    await expect.poll(() => chat.getSnapshot().isLoaded).toBe(true)
    await expect
      .poll(() => chat.getSnapshot().members.find(({ user }) => user.id === bob.id)?.deliveredSeq)
      .toBe(1)
    before = chat.getSnapshot()
  }
  proxy.cut()
  await using client = createClient({ url: proxy.url, token: bob.token, storage })
  const started = client.start().catch((error: unknown) => error)
  const chat = open(client, chatId)
  await expect.poll(() => chat.getSnapshot().isLoaded).toBe(true)
  expect(chat.getSnapshot()).toEqual(before)
  expect(chat.getSnapshot().otherUser?.id).toBe(aliceId)
  await client.close()
  expect(await started).toMatchObject({ code: 'CLOSED' })
})

test('shows a message that the server rejects as failed, and sends those after it', async () => {
  const { alice, bob, proxy, chatId } = await twoUsers()
  await using _ = proxy
  await using client = await startClient({ url: proxy.url, token: bob.token })
  const chat = open(client, chatId)
  const tooLong = 'x'.repeat(8_193)
  await chat.send({ body: tooLong })
  await chat.send({ body: 'short' })
  await expect
    .poll(() => chat.getSnapshot().messages.map(({ status, error }) => [status, error?.code]))
    .toEqual([
      ['sent', undefined],
      ['failed', 'BAD_USER_INPUT'],
    ])
  const failed = chat.getSnapshot().messages[1]
  chat.discard(failed?.clientMessageId ?? '')
  await expect.poll(() => bodies(client, chatId)).toEqual(['short'])
  expect(alice.id).not.toBe(bob.id)
})

test('asks the app for its token at each connect, and uses the last one while the app cannot provide one', async () => {
  const { alice, bob, proxy, chatId } = await twoUsers()
  await using _ = proxy
  let calls = 0
  let isReachable = true
  const token = (): string => {
    calls += 1
    if (!isReachable) throw new TypeError('Failed to fetch')
    return bob.token
  }
  await using client = await startClient({ url: proxy.url, token })
  open(client, chatId)
  for (const body of ['with the backend', 'without the backend']) {
    const before = calls
    proxy.cut()
    await expect.poll(() => client.connection.getSnapshot().type).toBe('offline')
    await alice.send(chatId, body)
    proxy.restore()
    await expect.poll(() => client.connection.getSnapshot().type, { timeout: 10_000 }).toBe('live')
    await expect.poll(() => bodies(client, chatId)).toContain(body)
    expect(calls).toBeGreaterThan(before)
    isReachable = false
  }
})
