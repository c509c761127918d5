import { once } from 'node:events'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { serverAudits } from 'graphql-http'
import { expect, test } from 'vitest'
import { startGateway } from './gateway.ts'
import { post, send } from './http-client.ts'

/** Documents and variables about which graphql-js has a suggestion. */
const MISSPELT: [query: string, variables?: unknown][] = [
  ['{ whoamy }'],
  ['{ echo(colour: RED) }'],
  ['{ echo(color: REDD) }'],
  ['query ($color: Color) { echo(color: $color) }', { color: 'REDD' }],
]

const NOTE = 'mutation { note(text: "done") }'

test('all audits of the GraphQL-over-HTTP specification pass', async () => {
  await using gateway = await startGateway()
  const audits = serverAudits({ url: gateway.url, fetchFn: fetch })
  const results = await Promise.all(audits.map(async (audit) => [audit.name, (await audit.fn()).status]))
  expect(results.filter(([, status]) => status !== 'ok')).toEqual([])
  expect(results.length).toBeGreaterThan(60)
})

test('a token makes the viewer, and without one nobody is signed in', async () => {
  await using gateway = await startGateway()
  const token = await gateway.token('alice')
  expect((await post(gateway.url, '{ whoami }', { token })).body.data).toEqual({ whoami: 'alice' })
  expect((await post(gateway.url, '{ whoami }')).body.data).toEqual({ whoami: 'nobody' })
})

test('a token that is not valid is 401 with the reason, and the operation is not carried out', async () => {
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

test('a document is judged before the token', async () => {
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
])('a mutation as %s is refused and not carried out', async (_name, contentType, body) => {
  await using gateway = await startGateway()
  const answer = await send(gateway.url, { method: 'POST', headers: { 'content-type': contentType }, body })
  expect(answer.status).toBe(415)
  expect(answer.body.errors?.[0]?.extensions['code']).toBe('BAD_USER_INPUT')
  expect(gateway.notes).toEqual([])
})

test('a body without a content type is refused', async () => {
  await using gateway = await startGateway()
  const answer = await send(gateway.url, {
    method: 'POST',
    body: new Blob([JSON.stringify({ query: NOTE })]),
  })
  expect(answer.status).toBe(415)
  expect(gateway.notes).toEqual([])
})

test('a query may come by GET, a mutation may not', async () => {
  await using gateway = await startGateway()
  const query = (text: string): string => `${gateway.url}?query=${encodeURIComponent(text)}`
  const queried = await send(query('{ whoami }'), {})
  expect(queried.body).toEqual({ data: { whoami: 'nobody' } })
  const mutated = await send(query(NOTE), {})
  expect(mutated.status).toBe(405)
  expect(mutated.headers.get('allow')).toBe('POST')
  expect(mutated.body.errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', retryable: false })
  expect(gateway.notes).toEqual([])
})

test.each(['PUT', 'DELETE', 'PATCH'])('%s is refused', async (method) => {
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
])('a body that is %s is a bad request', async (_name, body) => {
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

test.each(['variables', 'extensions'])('a GET whose %s are not JSON is a bad request', async (name) => {
  await using gateway = await startGateway()
  const answer = await send(`${gateway.url}?query=%7Bwhoami%7D&${name}=%7B`, {})
  expect(answer.body.errors?.[0]?.message).toBe(`The parameter "${name}" must be JSON.`)
  expect(gateway.log).toEqual([])
})

/** Sends a body without saying how long it is, and answers with the status. */
async function postUndeclared(url: string, body: string): Promise<number | undefined> {
  const sending = request(url, { method: 'POST', headers: { 'content-type': 'application/json' } })
  sending.on('error', () => sending.destroy())
  sending.write(body.slice(0, 10))
  sending.end(body.slice(10))
  const [response] = (await once(sending, 'response')) as [IncomingMessage]
  response.resume()
  return response.statusCode
}

test('a body of more than 256 KiB is refused, declared or not', async () => {
  await using gateway = await startGateway()
  const body = JSON.stringify({ query: '{ whoami }', variables: { filler: 'x'.repeat(256 * 1024) } })
  const declared = await post(gateway.url, '{ whoami }', { variables: { filler: 'x'.repeat(256 * 1024) } })
  expect(declared.status).toBe(413)
  const chunked = await postUndeclared(gateway.url, body)
  expect(chunked).toBe(413)
  expect(gateway.log).toEqual([])
})

test('a listed origin may read answers, a foreign one gets no permission, and none is for everybody', async () => {
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
    expect(foreign.headers.get('vary')).toBe('Origin')
  }
})

test('a preflight is answered for a listed origin only, without carrying anything out', async () => {
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

test('pages of this machine may use the API in development', async () => {
  await using gateway = await startGateway()
  for (const origin of ['http://localhost:5173', 'http://127.0.0.1:3000', 'http://[::1]:8080']) {
    const answer = await post(gateway.url, '{ whoami }', { headers: { origin } })
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin)
  }
})

test('in production neither introspection nor suggestions are given, over HTTP', async () => {
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

test('suggestions are given in development', async () => {
  await using gateway = await startGateway()
  for (const [query, variables] of MISSPELT) {
    expect((await post(gateway.url, query, { variables })).text).toContain('Did you mean')
  }
})

test('introspection can be switched on in production', async () => {
  await using gateway = await startGateway({ mode: 'production', introspection: true })
  expect((await post(gateway.url, '{ __schema { queryType { name } } }')).status).toBe(200)
})
