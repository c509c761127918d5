import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { createTestDatabase } from '../harness/servers/database.ts'
import { INBOX } from '../harness/people/documents.ts'
import { createMemoryBus } from '../../src/bus/memory-bus.ts'
import {
  createMemorySessionRegistry,
  type MemorySessions,
} from '../../src/sessions/memory-session-registry.ts'
import type { GatewayId } from '../../src/ids.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { EventQueue } from '../harness/fixtures/event-queue.ts'
import { startParley, type TestParley, UNLIMITED } from '../harness/servers/parley.ts'
import { startTcpProxy } from '../harness/network/tcp-proxy.ts'
import { openRawSocket } from '../harness/network/raw-socket.ts'

test('loses and repeats nothing and keeps the order across a restart under load', async () => {
  await using database = await createTestDatabase()
  const port = await freePort()
  const first = await startParley({ databaseUrl: database.url, port })
  const [alice, bob] = [await first.person('alice'), await first.person('bob')]
  const chat = await alice.startChat(bob)
  using atBob = bob.inbox('phone')
  await atBob.caughtUp()

  const sent: string[] = []
  const enough = new AbortController()
  const writing = (async () => {
    while (!enough.signal.aborted) {
      const [body, key] = [randomUUID(), randomUUID()]
      await sendUntilConfirmed(() => alice.trySend(chat, body, key))
      sent.push(body)
    }
  })()
  await atBob.reaches(chat, 50)
  await first.stop()
  await using _second = await startParley({ databaseUrl: database.url, port })
  await atBob.reaches(chat, sent.length + 50, 20_000)
  enough.abort()
  await writing
  await atBob.reaches(chat, sent.length)

  expect(atBob.bodies(chat)).toEqual(sent)
  expect(atBob.seqs(chat)).toEqual(sent.map((_, index) => index + 1))
  await first[Symbol.asyncDispose]()
}, 60_000)

test('closes the socket of a slow reader with 4410, without effect on others, and delivers the rest afterwards', async () => {
  await using parley = await startParley({ config: UNLIMITED })
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  using laptop = bob.inbox('laptop')
  await laptop.caughtUp()

  using phone = await openRawSocket(parley.url, bob.token)
  phone.subscribe('1', INBOX, { deviceId: 'phone' })
  await phone.messages.match(({ payload }) => JSON.stringify(payload ?? '').includes('CaughtUp'))
  phone.pause()
  const body = 'x'.repeat(8_000)
  const count = 1_200
  for (let sent = 0; sent < count; sent += 50) {
    await Promise.all(Array.from({ length: 50 }, () => alice.sendOverSocket(chat, body)))
  }
  await laptop.reaches(chat, count)
  phone.resume()
  expect(await phone.closed).toMatchObject({ code: 4410 })

  using again = bob.inbox('phone')
  await again.caughtUp()
  await again.reaches(chat, count)
  expect(again.seqs(chat)).toEqual(Array.from({ length: count }, (_, index) => index + 1))
}, 60_000)

test('starts an inbox that was opened during a database outage when the database returns', async () => {
  await using database = await createTestDatabase()
  await using proxy = await startTcpProxy(database.url)
  await using parley = await startParley({ databaseUrl: proxy.url })
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  {
    using first = bob.inbox('phone')
    await first.caughtUp()
  }
  await alice.send(chat, 'while bob was away')
  proxy.cut()
  using again = bob.inbox('phone')
  expect(await bob.post('{ chats { edges { cursor } } }')).toMatchObject({
    errors: [{ extensions: { code: 'UNAVAILABLE', retryable: true } }],
  })
  proxy.restore()
  await again.caughtUp()
  expect(again.bodies(chat)).toEqual(['while bob was away'])
})

test('sends InboxReset if too many events are pending, and continues live', async () => {
  await using parley = await startParley({ config: UNLIMITED })
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  {
    using first = bob.inbox('phone')
    await first.caughtUp()
  }
  for (let sent = 0; sent < 10_050; sent += 75) {
    await Promise.all(Array.from({ length: 75 }, () => alice.sendOverSocket(chat, 'x')))
  }
  using again = bob.inbox('phone')
  await again.caughtUp()
  const [reset, caughtUp] = again.items.all.filter(({ __typename }) => __typename !== 'ReceiptAdvanced')
  expect([reset?.__typename, caughtUp?.__typename]).toEqual(['InboxReset', 'CaughtUp'])
  expect(reset?.['reason']).toContain('10050')
  await alice.send(chat, 'after')
  await again.reaches(chat, 10_051)
  expect(again.bodies(chat)).toEqual(['after'])
}, 90_000)

/** Sends as an app does: with the same key until there is an answer. */
async function sendUntilConfirmed(send: () => Promise<unknown>): Promise<void> {
  const deadline = Date.now() + 20_000
  for (;;) {
    try {
      return void (await send())
    } catch (error) {
      if (Date.now() > deadline) throw error
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

test('delivers an event that was unreadable during a database outage in its order when the database returns', async () => {
  await using database = await createTestDatabase()
  await using proxy = await startTcpProxy(database.url)
  const logger = createLogger({ level: 'silent', pretty: false })
  const bus = createMemoryBus({ logger })
  const sessions: MemorySessions = new Map()
  const gatewayOn = (databaseUrl: string, name: string): Promise<TestParley> => {
    const registry = createMemorySessionRegistry(name as GatewayId, sessions)
    return startParley({ databaseUrl, gatewayId: name, overrides: { bus, sessions: registry } })
  }
  await using east = await gatewayOn(database.url, 'east')
  await using west = await gatewayOn(proxy.url, 'west')
  const [alice, bob] = [await east.person('alice'), await west.person('bob')]
  const chat = await alice.startChat(bob)
  const received = new EventQueue<unknown>()
  const query = `subscription { inbox(deviceId: "phone") {
    ... on CaughtUp { at } ... on MessageSent { chat { unreadCount } message { body } } } }`
  bob.socket.subscribe(
    { query },
    {
      next: (result) => received.push(result),
      error: (error) => received.push(error),
      complete: () => undefined,
    },
  )
  await received.next()

  proxy.cut()
  for (const body of ['one', 'two', 'three']) await alice.send(chat, body)
  proxy.restore()
  const results = await received.until((all) => all.length === 4)
  expect(results.slice(1)).toMatchObject(
    ['one', 'two', 'three'].map((body) => ({ data: { inbox: { message: { body } } } })),
  )
  expect(JSON.stringify(results)).not.toContain('errors')
})
