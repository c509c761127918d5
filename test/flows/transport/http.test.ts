import { once } from 'node:events'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { serverAudits } from 'graphql-http'
import { expect, test } from 'vitest'
import { startGateway } from './gateway.ts'
import { post, send } from './http-client.ts'
import { handshakeStatus } from './raw-socket.ts'

/** Documents and variables for which graphql-js has a suggestion. */
const MISSPELT: [query: string, variables?: unknown][] = [
  ['{ whoamy }'],
  ['{ echo(colour: RED) }'],
  ['{ echo(color: REDD) }'],
  ['query ($color: Color) { echo(color: $color) }', { color: 'REDD' }],
]

const NOTE = 'mutation { note(text: "done") }'

test('passes all audits of the GraphQL-over-HTTP specification', async () => {
  await using gateway = await startGateway()
  const audits = serverAudits({ url: gateway.url, fetchFn: fetch })
  const results = await Promise.all(audits.map(async (audit) => [audit.name, (await audit.fn()).status]))
  expect(results.filter(([, status]) => status !== 'ok')).toEqual([])
  expect(results.length).toBeGreaterThan(60)
})

test('runs as the user of the token, or without a viewer', async () => {
  await using gateway = await startGateway()
  const token = await gateway.token('alice')
  expect((await post(gateway.url, '{ whoami }', { token })).body.data).toEqual({ whoami: 'alice' })
  expect((await post(gateway.url, '{ whoami }')).body.data).toEqual({ whoami: 'anonymous' })
})

test('in development refuses a request and a handshake for a name that a stranger may own (DNS rebinding)', async () => {
  await using gateway = await startGateway()
  const { port } = new URL(gateway.url)
  for (const path of ['/graphql', '/', '/app/demo.json', '/health/live']) {
    const answer = await ask(Number(port), `GET ${path} HTTP/1.1`, 'evil.example')
    expect(answer).toContain('403 Forbidden')
    expect(answer).toContain('In development this server answers to addresses and local names only.')
  }
  const headers = { host: 'evil.example', origin: 'http://localhost:3000' }
  expect((await handshakeStatus(gateway.webSocketUrl, headers)).status).toBe(403)
  const { status } = await handshakeStatus(gateway.webSocketUrl, { ...headers, host: 'localhost' })
  expect(status).toBe(101)
  await using production = await startGateway({ mode: 'production' })
  const served = await ask(Number(new URL(production.url).port), 'GET /health/live HTTP/1.1', 'chat.example')
  expect(served).toContain('200 OK')
})

/** Sends a request with any Host header. Returns the response as text. */
async function ask(port: number, line: string, host: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(`${line}\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)
  return text(socket)
}

test.each(['a b', 'x:99999', '[::', 'alice@localhost', 'localhost/graphql'])(
  'answers the invalid host %j with 400, and logs no error',
  async (host) => {
    await using gateway = await startGateway()
    const { hostname, port } = new URL(gateway.url)
    const sent = request({ hostname, port, path: '/graphql?query={whoami}', headers: { host } }).end()
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    expect([response.statusCode, JSON.parse(await text(response))]).toEqual([
      400,
      {
        error: 'The Host header is invalid. Send one with the name or address of this server, and its port.',
      },
    ])
    expect(gateway.log.filter((line) => line.includes('"error"'))).toEqual([])
  },
)

const UPGRADE =
  'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: graphql-transport-ws'

test.each(['a b', 'x:99999', '[::', 'localhost\r\nHost: localhost', 'localhost\r\nhost: other.example'])(
  'answers the Host header %j with 400, over HTTP and on an upgrade',
  async (host) => {
    await using gateway = await startGateway()
    const port = Number(new URL(gateway.url).port)
    expect(await ask(port, 'GET /graphql?query={whoami} HTTP/1.1', host)).toMatch(/^HTTP\/1.1 400 /)
    expect(await ask(port, 'GET /graphql HTTP/1.1', `${host}\r\n${UPGRADE}`)).toMatch(/^HTTP\/1.1 400 /)
  },
)

test('answers an invalid token with 401 and the reason, and does not run the operation', async () => {
  await using gateway = await startGateway()
  const answer = await post(gateway.url, NOTE, { token: await gateway.token('alice', { expiresInS: -60 }) })
  expect(answer.status).toBe(401)
  expect(answer.headers.get('www-authenticate')).toBe('Bearer')
  expect(answer.body).toEqual({
    errors: [
      { message: 'The token has expired.', extensions: { code: 'UNAUTHENTICATED', retryable: false } },
    ],
  })
  expect(gateway.notes).toEqual([])
})

test('checks the document before the token', async () => {
  await using gateway = await startGateway()
  const answer = await post(gateway.url, '{ nothing }', { token: 'rubbish' })
  expect(answer.status).toBe(400)
  expect(gateway.callers).toEqual([])
})

test.each([
  ['a form', 'application/x-www-form-urlencoded', new URLSearchParams({ query: NOTE }).toString()],
  ['plain text', 'text/plain', JSON.stringify({ query: NOTE })],
  ['a bare document', 'application/graphql', NOTE],
  ['JSON of another kind', 'application/graphql+json', JSON.stringify({ query: NOTE })],
  [
    'multipart',
    'multipart/form-data; boundary=x',
    `--x\r\nContent-Disposition: form-data; name="operations"\r\n\r\n${JSON.stringify({ query: NOTE })}\r\n--x--\r\n`,
  ],
])('rejects a mutation as %s without running it', async (_name, contentType, body) => {
  await using gateway = await startGateway()
  const answer = await send(gateway.url, { method: 'POST', headers: { 'content-type': contentType }, body })
  expect(answer.status).toBe(415)
  expect(answer.body.errors?.[0]?.extensions['code']).toBe('BAD_USER_INPUT')
  expect(gateway.notes).toEqual([])
})

test('rejects a body without a content type', async () => {
  await using gateway = await startGateway()
  const answer = await send(gateway.url, {
    method: 'POST',
    body: new Blob([JSON.stringify({ query: NOTE })]),
  })
  expect(answer.status).toBe(415)
  expect(gateway.notes).toEqual([])
})

test('accepts a query by GET and rejects a mutation by GET', async () => {
  await using gateway = await startGateway()
  const query = (text: string): string => `${gateway.url}?query=${encodeURIComponent(text)}`
  const queried = await send(query('{ whoami }'), {})
  expect(queried.body).toEqual({ data: { whoami: 'anonymous' } })
  const mutated = await send(query(NOTE), {})
  expect(mutated.status).toBe(405)
  expect(mutated.headers.get('allow')).toBe('POST')
  expect(mutated.body.errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', retryable: false })
  expect(gateway.notes).toEqual([])
})

test.each(['PUT', 'DELETE', 'PATCH'])('rejects %s', async (method) => {
  await using gateway = await startGateway()
  const answer = await send(gateway.url, {
    method,
    headers: { 'content-type': 'application/json' },
    body: '{}',
  })
  expect(answer.status).toBe(405)
})

test.each([
  ['not JSON', '{'],
  ['an array of operations', `[${Array(10).fill('{"query":"{ whoami }"}').join(',')}]`],
  ['a string', '"{ whoami }"'],
  ['null', 'null'],
  ['nothing', ''],
  ['without a query', '{}'],
  ['with variables that are no object', JSON.stringify({ query: '{ whoami }', variables: [] })],
  ['with a parameter too many', JSON.stringify({ query: '{ whoami }', id: 1 })],
])('answers 400 to a body that is %s', async (_name, body) => {
  await using gateway = await startGateway()
  const answer = await send(gateway.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
    body,
  })
  expect(answer.status).toBe(400)
  expect(answer.body.errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', retryable: false })
  expect(gateway.log).toEqual([])
})

test.each(['variables', 'extensions'])('answers 400 to a GET whose %s are not JSON', async (name) => {
  await using gateway = await startGateway()
  const answer = await send(`${gateway.url}?query=%7Bwhoami%7D&${name}=%7B`, {})
  expect(answer.body.errors?.[0]?.message).toBe(
    `The parameter "${name}" is not valid JSON. Send a JSON object.`,
  )
  expect(gateway.log).toEqual([])
})

/** Sends a body without a declared length. Returns the status. */
async function postUndeclared(url: string, body: string): Promise<number | undefined> {
  const sending = request(url, { method: 'POST', headers: { 'content-type': 'application/json' } })
  sending.on('error', () => sending.destroy())
  sending.write(body.slice(0, 10))
  sending.end(body.slice(10))
  const [response] = (await once(sending, 'response')) as [IncomingMessage]
  response.resume()
  return response.statusCode
}

test('rejects a body of more than 256 KiB, with or without a declared length', async () => {
  await using gateway = await startGateway()
  const body = JSON.stringify({ query: '{ whoami }', variables: { filler: 'x'.repeat(256 * 1024) } })
  const declared = await post(gateway.url, '{ whoami }', { variables: { filler: 'x'.repeat(256 * 1024) } })
  expect(declared.status).toBe(413)
  const chunked = await postUndeclared(gateway.url, body)
  expect(chunked).toBe(413)
  expect(gateway.log).toEqual([])
})

test('lets a listed origin read responses, other origins not, and never all origins', async () => {
  await using gateway = await startGateway({ mode: 'production', allowedOrigins: ['https://app.example'] })
  const answerTo = (origin: string): ReturnType<typeof post> =>
    post(gateway.url, '{ whoami }', { headers: { origin } })
  const own = await answerTo('https://app.example')
  expect(own.headers.get('access-control-allow-origin')).toBe('https://app.example')
  expect(own.headers.get('access-control-allow-credentials')).toBeNull()
  for (const origin of [
    'https://evil.example',
    'https://app.example.evil.example',
    'http://localhost:5173',
    'null',
  ]) {
    const foreign = await answerTo(origin)
    expect(foreign.headers.get('access-control-allow-origin')).toBeNull()
    expect(foreign.headers.get('vary')).toBe('Origin, Accept-Encoding')
  }
})

test('allows a preflight for a listed origin only, and runs nothing', async () => {
  await using gateway = await startGateway({ mode: 'production', allowedOrigins: ['https://app.example'] })
  const preflight = (origin: string): ReturnType<typeof send> =>
    send(gateway.url, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type',
      },
    })
  const own = await preflight('https://app.example')
  expect(own.status).toBe(204)
  expect(own.headers.get('access-control-allow-headers')).toContain('authorization')
  const foreign = await preflight('https://evil.example')
  expect(foreign.headers.get('access-control-allow-headers')).toBeNull()
  expect(foreign.headers.get('access-control-allow-origin')).toBeNull()
})

test("allows the headers of usual clients in a preflight, and the operator's own", async () => {
  await using gateway = await startGateway({ allowedHeaders: ['x-tenant'] })
  const { headers } = await send(gateway.url, {
    method: 'OPTIONS',
    headers: { origin: 'http://localhost:5173', 'access-control-request-method': 'POST' },
  })
  expect(headers.get('access-control-allow-headers')?.split(', ')).toEqual([
    'authorization',
    'content-type',
    'apollographql-client-name',
    'apollographql-client-version',
    'apollo-require-preflight',
    'traceparent',
    'tracestate',
    'sentry-trace',
    'baggage',
    'x-request-id',
    'x-tenant',
  ])
})

test('allows pages of this machine in development', async () => {
  await using gateway = await startGateway()
  for (const origin of ['http://localhost:5173', 'http://127.0.0.1:3000', 'http://[::1]:8080']) {
    const answer = await post(gateway.url, '{ whoami }', { headers: { origin } })
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin)
  }
})

test('gives neither introspection nor suggestions in production, over HTTP', async () => {
  await using gateway = await startGateway({ mode: 'production' })
  const introspected = await post(gateway.url, '{ __schema { types { name } } }')
  expect(introspected.status).toBe(400)
  expect(introspected.body.errors?.[0]?.message).toContain('introspection')
  for (const [query, variables] of MISSPELT) {
    const { text } = await post(gateway.url, query, { variables })
    expect(text).toContain('BAD_USER_INPUT')
    expect(text).not.toContain('Did you mean')
  }
  expect((await post(gateway.url, '{ __typename }')).body).toEqual({ data: { __typename: 'Query' } })
})

test('gives suggestions in development', async () => {
  await using gateway = await startGateway()
  for (const [query, variables] of MISSPELT) {
    expect((await post(gateway.url, query, { variables })).text).toContain('Did you mean')
  }
})

test('gives introspection in production if it is switched on', async () => {
  await using gateway = await startGateway({ mode: 'production', introspection: true })
  expect((await post(gateway.url, '{ __schema { queryType { name } } }')).status).toBe(200)
})
