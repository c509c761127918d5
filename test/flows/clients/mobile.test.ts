import { DatabaseSync } from 'node:sqlite'
import { expect, test, vi } from 'vitest'
import { type Database, sqliteStorage } from '../../../examples/react-native/sqlite-storage.ts'
import {
  createParleyClient,
  memoryStorage,
  type ParleyClient,
  type ParleyClientOptions,
} from '../../../packages/client/src/index.ts'
import { issueToken } from '../../../src/auth/issue-token.ts'
import { EventQueue } from '../../harness/fixtures/event-queue.ts'
import { openRawSocket, type RawSocket } from '../../harness/network/raw-socket.ts'
import { startParley, TEST_SECRET } from '../../harness/servers/parley.ts'
import { multipartParts } from './multipart-parts.ts'
import { asRecorded, recordedExchange } from './recorded-exchange.ts'
import { recordSockets } from './recording-socket.ts'

/** Opens a connection of the device, with a queue of what it receives. */
type Connect = (url: string, token: string) => Promise<Link>
type Link = Disposable & Readonly<{ received: EventQueue<unknown>; send(text: string): void }>

async function connectSocket(url: string): Promise<Link> {
  const socket: RawSocket = await openRawSocket(url)
  return {
    received: socket.messages,
    send: (text) => socket.send(text),
    [Symbol.dispose]: () => socket.socket.terminate(),
  }
}

/** Sends each text as the body of a POST, and reads the parts of the response. */
async function connectMultipart(url: string, token: string): Promise<Link> {
  const [received, stop] = [new EventQueue<unknown>(), new AbortController()]
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    accept: 'multipart/mixed;subscriptionSpec=1.0,application/graphql-response+json,application/json',
  }
  async function read(body: string): Promise<void> {
    const response = await fetch(url, { method: 'POST', headers, body, signal: stop.signal })
    for await (const part of multipartParts(response)) received.push(part)
  }
  return {
    received,
    send: (text) => void read(text).catch((error: unknown) => received.push({ error: String(error) })),
    [Symbol.dispose]: () => stop.abort(),
  }
}

const PAGES: readonly (readonly [page: string, connect: Connect])[] = [
  ['apollo-kotlin', connectSocket],
  ['apollo-ios', connectMultipart],
]

test.for(PAGES)('the messages in docs/clients/%s.md are those of a gateway', async ([page, connect]) => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  const fresh = await issueToken(TEST_SECRET, {
    subject: 'bob',
    name: 'Bob',
    expiresAt: new Date(Date.now() + 3_600_000),
  })
  let link = await connect(parley.url, bob.token)
  let expected: string[] = []
  let compared = 0
  /** Compares the messages since the last step. Those of different operations may overtake each other. */
  async function compare(): Promise<void> {
    const received: string[] = []
    while (received.length < expected.length) received.push(asRecorded(await link.received.next(), chat))
    expect(byOperation(received)).toEqual(byOperation(expected))
    compared += received.length
    expected = []
  }

  for (const { kind, text } of await recordedExchange(`docs/clients/${page}.md`)) {
    if (kind === 'received') expected.push(text)
    else await compare()
    if (kind === 'sent')
      link.send(text.replace('<token>', bob.token).replace('<fresh token>', fresh).replace('<chat>', chat))
    if (kind !== 'step') continue
    if (text.endsWith('background')) link[Symbol.dispose]()
    else if (text.endsWith('foreground')) link = await connect(parley.url, bob.token)
    else await alice.send(chat, /"(.*)"/.exec(text)?.[1] ?? '')
  }
  await compare()
  link[Symbol.dispose]()
  expect(compared).toBeGreaterThan(3)
})

function byOperation(messages: readonly string[]): string[] {
  const idOf = (message: string): string => (JSON.parse(message) as { id?: string }).id ?? ''
  return messages.toSorted((one, other) => idOf(one).localeCompare(idOf(other)))
}

function openDatabase(): Database {
  const database = new DatabaseSync(':memory:')
  return {
    all: async (sql, ...values) => database.prepare(sql).all(...values),
    async transaction(work) {
      database.exec('BEGIN')
      await work(async (sql, ...values) => database.prepare(sql).run(...values))
      database.exec('COMMIT')
    },
  }
}

class BareAbortController extends AbortController {
  constructor() {
    super()
    for (const name of ['throwIfAborted', 'reason'])
      Object.defineProperty(this.signal, name, { value: undefined })
  }
}

/** Creates a client whose signal lacks what that of React Native lacks. The gateway of this process keeps its own. */
function createMobileClient(options: ParleyClientOptions): ParleyClient {
  vi.stubGlobal('AbortController', BareAbortController)
  try {
    return createParleyClient(options)
  } finally {
    vi.unstubAllGlobals()
  }
}

test('the messages in docs/clients/react-native.md are those of the client', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chatId = await alice.startChat(bob)
  const { WebSocket, lines } = recordSockets()
  const storage = memoryStorage()
  // So short that the client renews it soon.
  const token = async (): Promise<string> =>
    issueToken(TEST_SECRET, { subject: 'bob', name: 'Bob', expiresAt: new Date(Date.now() + 5_000) })
  const options = { url: parley.url, token, deviceId: 'pixel', storage, WebSocket }
  let client: ParleyClient | undefined
  async function open(): Promise<void> {
    client = createMobileClient(options)
    await client.start()
  }

  let documented: string[] = []
  let compared = 0
  /** Compares the messages since the last step. Those of different operations may overtake each other. */
  async function compare(): Promise<void> {
    await lines.until((all) => documented.every((line) => all.slice(compared).includes(line)))
    const recorded = lines.all.slice(compared, compared + documented.length)
    expect(recorded.toSorted()).toEqual(documented.toSorted())
    compared += documented.length
    documented = []
  }

  for (const { kind, text } of await recordedExchange('docs/clients/react-native.md')) {
    if (kind !== 'step') documented.push(`${kind === 'sent' ? '→' : '←'} ${text}`)
    else {
      await compare()
      if (text.endsWith('background')) await client?.close()
      else if (text.startsWith('Alice')) await alice.send(chatId, /"(.*)"/.exec(text)?.[1] ?? '')
      else if (!text.startsWith('The token')) await open()
    }
  }
  await compare()
  await client?.close()
  expect(compared).toBeGreaterThan(10)
})

test('the storage for React Native keeps the device and unsent messages over a restart of the app', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chatId = await alice.startChat(bob)
  await alice.send(chatId, 'Hello')
  const database = openDatabase()
  const launch = async (url: string) =>
    createMobileClient({ url, token: bob.token, storage: await sqliteStorage(database) })

  const first = await launch(parley.url)
  await first.start()
  const shown = new EventQueue<number>()
  first.chat(chatId).subscribe(() => shown.push(first.chat(chatId).getSnapshot().messages.length))
  await shown.until((lengths) => lengths.at(-1) === 1)
  await first.close()
  const offline = await launch('http://127.0.0.1:1/graphql')
  offline.start().catch(() => undefined)
  await expect
    .poll(() =>
      offline
        .chat(chatId)
        .getSnapshot()
        .messages.map(({ body }) => body),
    )
    .toEqual(['Hello'])
  expect(offline.chats.getSnapshot().map(({ title }) => title)).toEqual(['Alice'])
  expect(offline.chat(chatId).getSnapshot().members).toHaveLength(2)
  await offline.chat(chatId).send({ body: 'Sent in a tunnel' })
  await offline.close()
  using atAlice = alice.inbox('phone')
  await atAlice.caughtUp()
  const again = await launch(parley.url)
  await again.start()
  await atAlice.reaches(chatId, 2)
  expect(atAlice.bodies(chatId)).toEqual(['Sent in a tunnel'])
  const storage = await sqliteStorage(database)
  expect(await storage.keys(`${bob.id}/device`)).toHaveLength(1)
  await again.close()
})
