// A worker thread that attacks a gateway until it is terminated. It reports how often each answer came.
import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import { setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import WebSocket from 'ws'
import { type Attacked, type AttackName, ATTACKER_PRIORITY, type Target } from './target.ts'

const { attack, port, token, chatId } = workerData as Target
if (process.platform === 'linux') setPriority(0, ATTACKER_PRIORITY)

const agent = new Agent({ keepAlive: true, maxSockets: 32 })
const answers: Record<string, number> = {}

function count(answer: string): void {
  answers[answer] = (answers[answer] ?? 0) + 1
}

/** Sends an operation over HTTP. Resolves when it is answered. */
function post(query: string, { isSignedIn = true, variables = {} } = {}): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const headers = {
    'content-type': 'application/json',
    ...(isSignedIn ? { authorization: `Bearer ${token}` } : {}),
  }
  const sent = request({ port, path: '/graphql', method: 'POST', agent, headers }, (response) => {
    let start = ''
    response.on('data', (chunk: Buffer) => (start = start.length < 2_000 ? start + chunk.toString() : start))
    response.on('end', () => {
      count(/"code":"([A-Z_]+)"/.exec(start)?.[1] ?? 'ok')
      resolve()
    })
  })
  sent.on('error', () => {
    count('cut off')
    resolve()
  })
  sent.end(JSON.stringify({ query, variables }))
  return promise
}

/** Keeps so many calls in progress. A call that is rejected at once is repeated after a moment. */
async function keepBusy(inProgress: number, call: () => Promise<void>): Promise<void> {
  await Promise.all(
    Array.from({ length: inProgress }, async () => {
      for (;;) {
        await call()
        await new Promise((resolve) => setTimeout(resolve, 1))
      }
    }),
  )
}

function openSocket(localAddress: string, payload?: object): void {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, 'graphql-transport-ws', { localAddress })
  socket.on('open', () => {
    count('opened')
    if (payload !== undefined) socket.send(JSON.stringify({ type: 'connection_init', payload }))
  })
  socket.on('close', (code) => count(`closed ${code}`))
  socket.on('error', () => count('refused'))
}

/** Sends an operation over a WebSocket again and again, five thousand times a second. Connects again when closed. */
async function floodSocket(query: string): Promise<void> {
  for (;;) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/graphql`, 'graphql-transport-ws')
    const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()))
    socket.on('error', () => count('refused'))
    socket.on('message', (data: Buffer) => count(/"code":"([A-Z_]+)"/.exec(data.toString())?.[1] ?? 'other'))
    socket.on('open', () => socket.send('{"type":"connection_init"}'))
    let timer: NodeJS.Timeout | undefined
    // The first message is the acknowledgement.
    socket.once('message', () => (timer = setInterval(() => sendFrames(socket, query), 1)))
    socket.once('close', (code) => count(`closed ${code}`))
    await closed
    clearInterval(timer)
  }
}

const FRAMES_AT_ONCE = 5
const MAX_UNSENT_BYTES = 1024 * 1024

function sendFrames(socket: WebSocket, query: string): void {
  if (socket.readyState !== WebSocket.OPEN || socket.bufferedAmount > MAX_UNSENT_BYTES) return
  for (let sent = 0; sent < FRAMES_AT_ONCE; sent++) {
    counter += 1
    socket.send(JSON.stringify({ id: `${counter}`, type: 'subscribe', payload: { query } }))
  }
}

/** Opens so many sockets, fifty at a time, from addresses with a hundred sockets each. */
async function openSockets(total: number, payload?: object, isOneAddress = false): Promise<void> {
  for (let opened = 0; opened < total; opened++) {
    openSocket(isOneAddress ? '127.0.0.1' : `127.0.1.${1 + Math.floor(opened / 100)}`, payload)
    if (opened % 50 === 49) await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

function unreadRequest(query: string): void {
  const body = JSON.stringify({ query, variables: { id: chatId } })
  const socket = connect(port, '127.0.0.1')
  socket.pause()
  socket.on('error', () => undefined)
  socket.on('close', () => count('cut off'))
  socket.write(
    `POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer ${token}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
  count('asked')
}

const PIPELINED =
  'GET /graphql?query=%7B__typename%7D HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\n\r\n'.repeat(400)

/** Sends requests without reading an answer, as fast as the gateway takes them. Connects again when cut off. */
async function pipeline(): Promise<void> {
  for (;;) {
    const socket = connect(port, '127.0.0.1').pause()
    const send = (): void => {
      while (socket.writable && socket.write(PIPELINED)) count('400 written')
    }
    socket.on('error', () => undefined)
    socket.on('connect', send).on('drain', send)
    await new Promise((resolve) => socket.on('close', resolve))
    count('cut off')
  }
}

let counter = 0
const chain = Array.from({ length: 190 }, (_, index) => `fragment F${index} on User { ...F${index + 1} }`)
const CHAINED = `{ viewer { ...F0 } } ${chain.join(' ')} fragment F190 on User { id }`
const bodies = (count: number): string =>
  Array.from({ length: count }, (_, index) => `b${index}: body`).join(' ')
const page = (list: string, fields: string): string => `${list} { edges { node { ${fields} } } }`
const LONG = `query ($id: ID!) { chat(id: $id) { ${page('messages(first: 100)', bodies(49))} } }`
const ALLOWED = `query ($id: ID!) { chat(id: $id) { ${page('messages(first: 80)', bodies(5))} } }`
const inner = page('messages', `chat { ${page('messages', `chat { ${page('messages', 'id body')} }`)} }`)
const ids = (name: string): readonly string[] =>
  Array.from({ length: 100 }, (_, index) => `user_${name}-${index}`)
const aliases = Array.from({ length: 20 }, (_, index) => `n${index}: nodes(ids: $ids) { id }`)

/** A new document each time, as large as allowed. */
function freshDocument(): string {
  counter += 1
  return `query Q${counter} { viewer { ${Array.from({ length: 49 }, (_, index) => `a${index}: name`).join(' ')} } }`
}

const ATTACKS = {
  'chained fragments, no token': () => keepBusy(32, () => post(CHAINED, { isSignedIn: false })),
  'chained fragments over a WebSocket, no token': () => floodSocket(CHAINED),
  'new documents, no token': () => keepBusy(32, () => post(freshDocument(), { isSignedIn: false })),
  'new documents': () => keepBusy(32, () => post(freshDocument())),
  '49 aliases of 100 long texts': () => keepBusy(6, () => post(LONG, { variables: { id: chatId } })),
  'lists within lists': () => keepBusy(6, () => post(`{ ${page('chats', inner)} }`)),
  '20 × 100 nodes': () =>
    keepBusy(6, () =>
      post(`query ($ids: [ID!]!) { ${aliases.join(' ')} }`, {
        variables: { ids: Array.from({ length: 100 }, () => chatId) },
      }),
    ),
  'guessed users': () =>
    keepBusy(6, () =>
      post('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', {
        variables: { ids: ids(`guess-${(counter += 1)}`) },
      }),
    ),
  'answers that are not read': async () => {
    for (let asked = 0; asked < 200; asked++) {
      unreadRequest(ALLOWED)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  },
  'pipelined requests, no token': async () => {
    await Promise.all(Array.from({ length: 50 }, pipeline))
  },
  '10,000 sockets without a token': () => openSockets(10_000),
  '1,500 sockets of a user': () => openSockets(1_500, { authorization: token }, true),
} as const satisfies Record<AttackName, () => Promise<void>>

function report(): void {
  const { user, system } = process.threadCpuUsage()
  const attacked: Attacked = { answers: { ...answers }, cpuMs: (user + system) / 1_000 }
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- This is a thread, not a window.
  parentPort?.postMessage(attacked)
}

setInterval(report, 100)
await ATTACKS[attack]()
