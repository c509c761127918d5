import { SOCKET_LIMITS } from '../../../src/transport/websocket/limits.ts'
import { createHash, randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { startGateway } from './gateway.ts'
import type { Gateway } from './gateway.ts'
import { post } from './http-client.ts'
import { RawSocket, handshakeStatus } from './raw-socket.ts'

test('closes a connection without connection_init with 4408', async () => {
  await using gateway = await startGateway({ limits: { initTimeoutMs: 100, checkIntervalMs: 50 } })
  using socket = new RawSocket(gateway.webSocketUrl)
  expect(await socket.closed).toEqual({ code: 4408, reason: 'Connection initialisation timeout' })
})

test('an operation before the acknowledgement closes the connection with 4401', async () => {
  await using gateway = await startGateway()
  using socket = await new RawSocket(gateway.webSocketUrl).open()
  socket.subscribe('1', 'mutation { note(text: "early") }')
  expect(await socket.closed).toEqual({ code: 4401, reason: 'Unauthorized' })
  expect(gateway.notes).toEqual([])
})

test('a second connection_init closes the connection with 4429', async () => {
  await using gateway = await startGateway()
  using socket = await new RawSocket(gateway.webSocketUrl).init()
  socket.send({ type: 'connection_init' })
  expect(await socket.closed).toMatchObject({ code: 4429 })
})

test('closes the connection with 4409 if an id is in use', async () => {
  await using gateway = await startGateway()
  using socket = await new RawSocket(gateway.webSocketUrl).init()
  socket.subscribe('1', 'subscription { observed }')
  socket.subscribe('1', 'subscription { observed }')
  expect(await socket.closed).toEqual({ code: 4409, reason: 'Subscriber for 1 already exists' })
})

test.each([
  ['text that is not JSON', 'hello'],
  ['an unknown type', '{"type":"start"}'],
  ['no type', '{"id":"1"}'],
  ['an operation without an id', '{"type":"subscribe","payload":{"query":"{ whoami }"}}'],
  ['an operation without a payload', '{"type":"subscribe","id":"1"}'],
  ['an operation with a number as id', '{"type":"subscribe","id":1,"payload":{"query":"{ whoami }"}}'],
  ['a completion without an id', '{"type":"complete"}'],
])('%s closes the connection with 4400', async (_name, text) => {
  await using gateway = await startGateway()
  using socket = await new RawSocket(gateway.webSocketUrl).init()
  socket.send(text)
  expect(await socket.closed).toEqual({ code: 4400, reason: 'Invalid message received' })
})

test('a binary frame closes the connection with 4400', async () => {
  await using gateway = await startGateway()
  using socket = await new RawSocket(gateway.webSocketUrl).init()
  socket.socket.send(Buffer.from('{"type":"ping"}'))
  expect(await socket.closed).toMatchObject({ code: 4400 })
})

test('closes a client that does not offer the subprotocol with 4406', async () => {
  await using gateway = await startGateway()
  using socket = new RawSocket(gateway.webSocketUrl, { protocols: [] })
  expect(await socket.closed).toEqual({ code: 4406, reason: 'Subprotocol not acceptable' })
})

test.each(['before', 'after'])(
  'a message of more than 128 KiB %s connection_init closes with 1009',
  async (when) => {
    await using gateway = await startGateway()
    using socket = await new RawSocket(gateway.webSocketUrl).open()
    if (when === 'after') await socket.init()
    const ping = JSON.stringify({ type: 'ping', payload: { filler: '' } })
    const filler = 'x'.repeat(SOCKET_LIMITS.maxMessageBytes - ping.length)
    socket.send({ type: 'ping', payload: { filler } })
    await socket.messages.match(({ type }) => type === 'pong')
    socket.send({ type: 'ping', payload: { filler: `${filler}x` } })
    expect(await socket.closed).toMatchObject({ code: 1009 })
  },
)

test('closes with 1007 after text that is not UTF-8, and logs no error', async () => {
  await using gateway = await startGateway()
  using socket = await new RawSocket(gateway.webSocketUrl).init()
  socket.socket.send(Buffer.from([0xff, 0xfe]), { binary: false })
  expect(await socket.closed).toMatchObject({ code: 1007 })
  expect(gateway.log.filter((line) => !line.includes('"level":"debug"'))).toEqual([])
})

test('does not send back the payload of a ping', async () => {
  await using gateway = await startGateway()
  using socket = await new RawSocket(gateway.webSocketUrl).init()
  socket.send({ type: 'ping', payload: { filler: 'x'.repeat(60_000) } })
  expect(await socket.messages.match(({ type }) => type === 'pong')).toEqual({ type: 'pong' })
})

test('does not negotiate compression', async () => {
  await using gateway = await startGateway()
  using socket = await new RawSocket(gateway.webSocketUrl, { perMessageDeflate: true }).open()
  expect(socket.socket.extensions).toBe('')
})

test('keeps the connection after any error of an operation', async () => {
  await using gateway = await startGateway()
  using socket = await new RawSocket(gateway.webSocketUrl).init()
  const wrong = [
    '{',
    '{ nothing }',
    'fragment F on Query { whoami }',
    'query A { whoami } query B { whoami }',
    `{ ${'a: whoami '.repeat(200)} }`,
    `{ ${'nested { '.repeat(40)} name ${'}'.repeat(40)} }`,
  ]
  for (const [index, query] of wrong.entries()) {
    expect(await socket.run(`wrong ${index}`, query)).toMatchObject({
      type: 'error',
      payload: [{ extensions: { code: 'BAD_USER_INPUT', retryable: false } }],
    })
  }
  expect(await socket.run('right', '{ whoami }')).toMatchObject({ type: 'next' })
})

test('gives neither introspection nor suggestions in production, over WebSocket', async () => {
  await using gateway = await startGateway({ mode: 'production' })
  using socket = await new RawSocket(gateway.webSocketUrl).init()
  const introspected = await socket.run('1', '{ __schema { types { name } } }')
  expect(JSON.stringify(introspected)).toContain('introspection has been disabled')
  for (const [id, query, variables] of [
    ['2', '{ whoamy }', undefined],
    ['3', 'query ($color: Color) { echo(color: $color) }', { color: 'REDD' }],
    ['4', 'subscription ($color: Color) { colored(color: $color) }', { color: 'REDD' }],
  ] as const) {
    const answer = JSON.stringify(await socket.run(id, query, { variables }))
    expect(answer).toContain('BAD_USER_INPUT')
    expect(answer).not.toContain('Did you mean')
  }
})

test('answers RATE_LIMITED beyond a hundred operations on one connection, until one ends', async () => {
  await using gateway = await startGateway()
  using socket = await new RawSocket(gateway.webSocketUrl).init()
  for (let index = 0; index < 100; index++) socket.subscribe(String(index), 'subscription { observed }')
  expect(await socket.run('one more', '{ whoami }')).toMatchObject({
    type: 'error',
    payload: [{ extensions: { code: 'RATE_LIMITED', retryable: true } }],
  })
  await expect.poll(() => gateway.streams.length).toBe(100)
  socket.send({ id: '7', type: 'complete' })
  await expect.poll(() => gateway.streams.filter(({ isOver }) => isOver).length).toBe(1)
  expect(await socket.run('now', '{ whoami }')).toMatchObject({ type: 'next' })
})

test('survives ten thousand operations at once, without harm to others', async () => {
  await using gateway = await startGateway()
  const connect = async (name: string): Promise<RawSocket> =>
    new RawSocket(gateway.webSocketUrl).init({ authorization: await gateway.token(name) })
  using flooding = await connect('alice')
  using other = await connect('bob')
  for (let index = 0; index < 10_000; index++) flooding.subscribe(String(index), '{ whoami }')
  expect(await other.run('1', '{ whoami }')).toMatchObject({ type: 'next' })
  await flooding.messages.until((all) => new Set(all.map(({ id }) => id)).size > 10_000)
  expect(await flooding.run('still', '{ whoami }')).toMatchObject({ type: 'next' })
})

test('accepts a handshake from a listed origin or none, and rejects other origins', async () => {
  await using gateway = await startGateway({ mode: 'production', allowedOrigins: ['https://app.example'] })
  const statusOf = async (headers: Record<string, string>): Promise<number> =>
    (await handshakeStatus(gateway.webSocketUrl, headers)).status
  expect(await statusOf({ origin: 'https://app.example' })).toBe(101)
  expect(await statusOf({})).toBe(101)
  for (const origin of ['https://evil.example', 'http://app.example', 'http://localhost:3000', 'null']) {
    expect(await statusOf({ origin })).toBe(403)
  }
})

test('rejects a handshake for another path', async () => {
  await using gateway = await startGateway()
  expect((await handshakeStatus(gateway.webSocketUrl.replace('/graphql', '/graphql/x'))).status).toBe(404)
  expect((await handshakeStatus(gateway.webSocketUrl.replace('/graphql', '/'))).status).toBe(404)
})

test('drops the oldest connection without a token for the newest of its address, and no other', async () => {
  await using gateway = await startGateway({ limits: { maxAnonymousPerAddress: 3 } })
  const authorization = await gateway.token('alice')
  using signedIn = await new RawSocket(gateway.webSocketUrl).init({ authorization })
  using first = await new RawSocket(gateway.webSocketUrl).init()
  using second = await new RawSocket(gateway.webSocketUrl).init()
  using third = await new RawSocket(gateway.webSocketUrl).open()
  using newest = await new RawSocket(gateway.webSocketUrl).open()
  expect(await first.closed).toEqual({ code: 4503, reason: 'Too many connections without a token' })
  expect([signedIn, second, third, newest].map(({ socket }) => socket.readyState)).toEqual([1, 1, 1, 1])
})

test('honest clients sign in beside a hundred sockets that never do, and beside more that come', async () => {
  await using gateway = await startGateway()
  const authorization = await gateway.token('alice')
  const idle = await Promise.all(
    Array.from({ length: 100 }, () => new RawSocket(gateway.webSocketUrl).open()),
  )
  for (let round = 0; round < 20; round++) {
    using _more = await new RawSocket(gateway.webSocketUrl).open()
    using honest = await new RawSocket(gateway.webSocketUrl).init({ authorization })
    expect(await honest.run('1', '{ whoami }')).toMatchObject({ payload: { data: { whoami: 'alice' } } })
  }
  for (const socket of idle) socket[Symbol.dispose]()
})

test('rejects the newest handshake while the tokens of all others are being checked', async () => {
  const checking = Promise.withResolvers<void>()
  const provision = (): Promise<void> => checking.promise
  await using gateway = await startGateway({ limits: { maxAnonymousPerAddress: 1 }, provision })
  using honest = await new RawSocket(gateway.webSocketUrl).open()
  honest.send({ type: 'connection_init', payload: { authorization: await gateway.token('alice') } })
  await expect
    .poll(() => handshakeStatus(gateway.webSocketUrl))
    .toMatchObject({
      status: 429,
      headers: { 'retry-after': '2' },
    })
  checking.resolve()
  await honest.messages.match(({ type }) => type === 'connection_ack')
  expect((await handshakeStatus(gateway.webSocketUrl)).status).toBe(101)
})

test('closes a connection with 4408 that does not sign in within its time, although it was acknowledged', async () => {
  await using gateway = await startGateway({ limits: { signInTimeoutMs: 200, checkIntervalMs: 20 } })
  using signedIn = await new RawSocket(gateway.webSocketUrl).init({
    authorization: await gateway.token('alice'),
  })
  using byOperation = await new RawSocket(gateway.webSocketUrl).init()
  const extensions = { headers: { authorization: await gateway.token('bob') } }
  await byOperation.run('1', '{ whoami }', { extensions })
  using anonymous = await new RawSocket(gateway.webSocketUrl).init()
  expect(await anonymous.closed).toEqual({ code: 4408, reason: 'Sign-in timeout' })
  expect([signedIn, byOperation].map(({ socket }) => socket.readyState)).toEqual([1, 1])
})

test.each(['next', 'error', 'connection_ack', 'complete', 'data', 'ka'])(
  'closes with 4400 after a message of type "%s" without an operation, which only a server sends',
  async (type) => {
    await using gateway = await startGateway()
    for (const message of [{ type }, { type, payload: { data: null } }]) {
      using socket = await new RawSocket(gateway.webSocketUrl).init()
      socket.send(message)
      expect(await socket.closed).toMatchObject({ code: 4400 })
    }
    expect(gateway.log.filter((line) => !line.includes('"level":"debug"'))).toEqual([])
  },
)

test.each(['next', 'error', 'connection_ack'])(
  'closes with 4400 after a message of type "%s" that names an operation',
  async (type) => {
    await using gateway = await startGateway()
    using socket = await new RawSocket(gateway.webSocketUrl).init()
    socket.subscribe('1', 'subscription { observed }')
    await expect.poll(() => gateway.streams.length).toBe(1)
    socket.send({ id: '1', type, payload: type === 'error' ? [{ message: 'x' }] : { data: null } })
    expect(await socket.closed).toEqual({ code: 4400, reason: 'Invalid message received' })
  },
)

/** Opens connections for clients at these addresses in X-Forwarded-For, one after the other. */
async function openBehind(gateway: Gateway, forwardedFor: readonly string[]): Promise<readonly RawSocket[]> {
  const sockets: RawSocket[] = []
  for (const addresses of forwardedFor) {
    const headers = { 'x-forwarded-for': addresses }
    sockets.push(await new RawSocket(gateway.webSocketUrl, { headers }).init())
  }
  return sockets
}

/** Returns which of the sockets stay open. At least one must be closed. */
async function stayOpen(sockets: readonly RawSocket[]): Promise<readonly number[]> {
  await Promise.race(sockets.map(({ closed }) => closed))
  const open = sockets.flatMap(({ socket }, index) => (socket.readyState === 1 ? [index] : []))
  for (const socket of sockets) socket[Symbol.dispose]()
  return open
}

test('limits each client behind a trusted proxy on its own, whatever it claims', async () => {
  const limits = { maxAnonymousPerAddress: 1 }
  await using gateway = await startGateway({ limits, trustedProxies: ['127.0.0.0/8'] })
  const sockets = await openBehind(gateway, ['198.51.100.8', '198.51.100.7', '203.0.113.9, 198.51.100.7'])
  expect(await stayOpen(sockets)).toEqual([0, 2])
})

test('limits an untrusted client by its real address, whatever it claims', async () => {
  await using gateway = await startGateway({
    limits: { maxAnonymousPerAddress: 1 },
    trustedProxies: ['10.0.0.0/8'],
  })
  const sockets = await openBehind(gateway, ['198.51.100.7', '10.0.0.1'])
  expect(await stayOpen(sockets)).toEqual([1])
})

/** A client without a library, whose frames can be anything. Resolves when the server has disconnected. */
async function speakRawly(gateway: Gateway, frames: readonly Buffer[]): Promise<Buffer> {
  const { hostname, port } = new URL(gateway.url)
  const socket = connect(Number(port), hostname)
  const key = randomBytes(16).toString('base64')
  socket.write(
    `GET /graphql HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
  )
  socket.write(Buffer.concat(frames))
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk as Buffer)
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
  expect(Buffer.concat(chunks).toString('latin1')).toContain(accept)
  return Buffer.concat(chunks)
}

test('ends only the connection that breaks the WebSocket protocol', async () => {
  await using gateway = await startGateway({ limits: { closeTimeoutMs: 100 } })
  using other = await new RawSocket(gateway.webSocketUrl).init()
  const unmasked = Buffer.from([0x81, 0x02, 0x68, 0x69])
  const reserved = Buffer.from([0xf1, 0x80, 0, 0, 0, 0])
  await speakRawly(gateway, [unmasked])
  await speakRawly(gateway, [reserved])
  expect(await other.run('1', '{ whoami }')).toMatchObject({ type: 'next' })
})

test.each([
  'subscription ($no: Boolean!) { observed @include(if: $no) }',
  'subscription ($no: Boolean!) { ... @include(if: $no) { observed } }',
  'subscription ($no: Boolean!) { ...Root } fragment Root on Subscription { observed @include(if: $no) }',
  'subscription { observed @skip(if: true) }',
])('rejects a conditional root field of a subscription: %s', async (query) => {
  await using gateway = await startGateway()
  using socket = await new RawSocket(gateway.webSocketUrl).init()
  const variables = query.includes('$no') ? { no: false } : {}
  expect(await socket.run('1', query, { variables })).toMatchObject({
    type: 'error',
    payload: [
      { extensions: { code: 'BAD_USER_INPUT' }, message: expect.stringContaining('root field') as string },
    ],
  })
  const answer = await post(gateway.url, query, { variables, headers: { accept: 'text/event-stream' } })
  expect(answer.text).toContain('BAD_USER_INPUT')
})
