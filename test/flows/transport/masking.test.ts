import { createClient } from 'graphql-ws'
import { expect, test } from 'vitest'
import { startGateway } from './gateway.ts'
import type { Gateway } from './gateway.ts'
import { post, send } from './http-client.ts'
import { RawSocket } from './raw-socket.ts'

type ClientError = { message: string; path?: unknown; extensions: Record<string, unknown> }
type Result = { data?: unknown; errors?: ClientError[] }
type Run = (gateway: Gateway, query: string, variables?: unknown) => Promise<Result>

/** By POST. */
async function overHttp(gateway: Gateway, query: string, variables?: unknown): Promise<Result> {
  return (await post(gateway.url, query, { variables })).body
}

/** Over a WebSocket, which must still work afterwards. Returns an error message as errors without data. */
async function overWebSocket(gateway: Gateway, query: string, variables?: unknown): Promise<Result> {
  using socket = await new RawSocket(gateway.webSocketUrl).init()
  const { type, payload } = await socket.run('1', query, { variables })
  expect(await socket.run('2', '{ whoami }')).toMatchObject({ payload: { data: { whoami: 'anonymous' } } })
  return type === 'error' ? { errors: payload as ClientError[] } : (payload as Result)
}

const BAD_INPUT = { code: 'BAD_USER_INPUT', retryable: false }

for (const [transport, run] of [
  ['HTTP', overHttp],
  ['WebSocket', overWebSocket],
] satisfies [string, Run][]) {
  test(`masks an internal error and logs it once under the same id, over ${transport}`, async () => {
    await using gateway = await startGateway()
    for (const how of ['error', 'string']) {
      const { data, errors } = await run(gateway, `{ fail(how: "${how}") }`)
      expect(data).toEqual({ fail: null })
      expect(errors).toMatchObject([
        { message: 'Unexpected error.', path: ['fail'], extensions: { code: 'INTERNAL', retryable: false } },
      ])
      const errorId = String(errors?.[0]?.extensions['errorId'])
      expect(JSON.stringify(errors)).not.toContain('hunter2')
      expect(gateway.log.filter((line) => line.includes(errorId))).toHaveLength(1)
      expect(gateway.log.find((line) => line.includes(errorId))).toContain('hunter2')
    }
    expect(gateway.log).toHaveLength(2)
  })

  test(`keeps the code of a deliberate error and does not log it, over ${transport}`, async () => {
    await using gateway = await startGateway()
    expect((await run(gateway, '{ fail(how: "forbidden") }')).errors).toMatchObject([
      { message: 'You may not.', path: ['fail'], extensions: { code: 'FORBIDDEN', retryable: false } },
    ])
    expect((await run(gateway, '{ failHard(how: "unavailable") }')).errors?.[0]?.extensions).toEqual({
      code: 'UNAVAILABLE',
      retryable: true,
      retryAfterMs: 1_500,
    })
    expect(gateway.log).toEqual([])
  })

  test.each([
    ['does not parse', '{ whoami', undefined],
    ['is empty', '', undefined],
    ['asks for an unknown field', '{ nothing }', undefined],
    ['gives an argument of the wrong type', '{ echo(number: "one") }', undefined],
    ['gives a scalar what it cannot read', '{ echo(picky: 1) }', undefined],
    ['has a variable that its scalar cannot read', 'query ($p: Picky) { echo(picky: $p) }', { p: 1 }],
    ['lacks a variable', 'query ($n: Int!) { echo(number: $n) }', {}],
    ['has a variable of the wrong type', 'query ($n: Int) { echo(number: $n) }', { n: 'one' }],
    ['has a variable out of range', 'query ($n: Int) { echo(number: $n) }', { n: 2 ** 40 }],
    ['has a null where there may be none', 'query ($n: Int = 1) { big(bytes: $n) }', { n: null }],
    ['has no operation', 'fragment F on Query { whoami }', undefined],
    ['has two operations and names none', 'query A { whoami } query B { whoami }', undefined],
    ['subscribes to two fields', 'subscription { count(to: 1) other: count(to: 1) }', undefined],
    ['subscribes with a bad variable', 'subscription ($n: Int!) { count(to: $n) }', { n: 'one' }],
  ])(`answers a document that %s with BAD_USER_INPUT, over ${transport}`, async (_name, query, variables) => {
    await using gateway = await startGateway()
    const { errors } = await run(gateway, query, variables)
    expect(errors?.length).toBeGreaterThan(0)
    for (const error of errors ?? []) expect(error.extensions).toEqual(BAD_INPUT)
    expect(gateway.log).toEqual([])
  })

  test(`returns the error of a subscription that fails at once, masked if necessary, over ${transport}`, async () => {
    await using gateway = await startGateway()
    const forbidden = await run(gateway, 'subscription { failing(how: "at once forbidden") }')
    expect(forbidden.errors).toMatchObject([{ message: 'You may not.', extensions: { code: 'FORBIDDEN' } }])
    const broken = await run(gateway, 'subscription { failing(how: "at once error") }')
    expect(broken.errors).toMatchObject([{ message: 'Unexpected error.', extensions: { code: 'INTERNAL' } }])
    expect(gateway.log).toHaveLength(1)
  })
}

test.each([
  ['forbidden', 'FORBIDDEN', 0],
  ['error', 'INTERNAL', 1],
])('a stream that fails with "%s" ends its operation with an error', async (how, code, logged) => {
  await using gateway = await startGateway()
  using socket = await new RawSocket(gateway.webSocketUrl).init()
  socket.subscribe('1', `subscription { failing(how: "${how}") }`)
  const { payload } = await socket.messages.match(({ type }) => type === 'error')
  expect(payload).toMatchObject([{ extensions: { code } }])
  expect(JSON.stringify(payload)).not.toContain('hunter2')
  expect(gateway.log).toHaveLength(logged)
  expect(await socket.run('2', '{ whoami }')).toMatchObject({ type: 'next' })

  const answer = await send(gateway.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({ query: `subscription { failing(how: "${how}") }` }),
  })
  expect(answer.text).toContain(`"code":"${code}"`)
  expect(answer.text).not.toContain('hunter2')
})

test('logs the id of the request with an unexpected error, over both transports', async () => {
  await using gateway = await startGateway()
  const headers = { 'x-request-id': 'from-the-proxy/7' }
  await post(gateway.url, '{ fail(how: "error") }', { headers })
  using socket = await new RawSocket(gateway.webSocketUrl, { headers }).init()
  await socket.run('1', '{ fail(how: "error") }')
  await post(gateway.url, '{ fail(how: "error") }', { headers: { 'x-request-id': 'not "well" formed' } })
  const ids = gateway.log.map((line) => (JSON.parse(line) as { requestId?: string }).requestId)
  expect(ids).toEqual(['from-the-proxy/7', 'from-the-proxy/7', undefined])
})

test('logs one failure in several fields once', async () => {
  await using gateway = await startGateway()
  const { errors } = await overHttp(gateway, '{ nested { broken nested { broken } } }')
  expect(errors).toHaveLength(2)
  expect(new Set(errors?.map(({ extensions }) => extensions['errorId'])).size).toBe(1)
  expect(gateway.log).toHaveLength(1)
})

test('uses the status of the error code, or 200 if there is data', async () => {
  await using gateway = await startGateway()
  const status = async (query: string, accept: string): Promise<number> =>
    (await post(gateway.url, query, { headers: { accept } })).status
  const modern = 'application/graphql-response+json'
  expect(await status('{ nothing }', modern)).toBe(400)
  expect(await status('{ fail(how: "forbidden") }', modern)).toBe(200)
  expect(await status('{ failHard(how: "forbidden") }', modern)).toBe(200)
  expect(await status('subscription { failing(how: "at once forbidden") }', modern)).toBe(403)
  expect(await status('subscription { failing(how: "at once error") }', modern)).toBe(500)
  expect(await status('{ nothing }', 'application/json')).toBe(200)
})

test('sends Retry-After if waiting helps', async () => {
  await using gateway = await startGateway()
  const answer = await post(gateway.url, 'subscription { failing(how: "at once unavailable") }')
  expect(answer.status).toBe(503)
  expect(answer.headers.get('retry-after')).toBe('2')
})

test('the graphql-ws client sees the same errors', async () => {
  await using gateway = await startGateway()
  const client = createClient({ url: gateway.webSocketUrl, retryAttempts: 0 })
  const results = client.iterate({ query: '{ nothing }' })
  await expect(results.next()).rejects.toMatchObject([{ extensions: BAD_INPUT }])
  await client.dispose()
})
