import { createClient } from 'graphql-ws'
import { expect, test } from 'vitest'
import { unavailable } from '../../../src/errors.ts'
import { type Gateway, startGateway } from './gateway.ts'
import { post } from './http-client.ts'
import { RawSocket } from './raw-socket.ts'

const OBSERVED = 'subscription { observed }'
const HOUR_S = 3_600
/** Allows for different clocks. */
const GRACE_MS = 5_000
const NOTHING_PENDING = { limits: { checkIntervalMs: 20 } }

/** Lets the token of a new connection expire. Once that is closed, all older connections were checked as well. */
async function expireAnother(gateway: Gateway): Promise<void> {
  const authorization = await gateway.token('carol', { expiresInS: HOUR_S })
  using socket = await new RawSocket(gateway.webSocketUrl).init({ authorization })
  gateway.clock.offsetMs += HOUR_S * 1000 + GRACE_MS
  expect(await socket.closed).toMatchObject({ code: 4403 })
}

/** Sends headers in the way of GraphiQL. */
const withToken = (token: string): Record<string, unknown> => ({
  extensions: { headers: { Authorization: `Bearer ${token}` } },
})

test.each([
  ['with its scheme', (token: string) => ({ authorization: `Bearer ${token}` })],
  ['bare', (token: string) => ({ authorization: token })],
  ['capitalised', (token: string) => ({ Authorization: `bearer ${token}` })],
])('uses the token in connectionParams, %s, for every operation', async (_name, params) => {
  await using gateway = await startGateway()
  using socket = await new RawSocket(gateway.webSocketUrl).init(params(await gateway.token('alice')))
  expect(await socket.run('1', '{ whoami }')).toMatchObject({ payload: { data: { whoami: 'alice' } } })
})

test('closes a connection with an invalid token in connectionParams with 4403, without details', async () => {
  await using gateway = await startGateway()
  for (const authorization of ['rubbish', 'Basic YTpi', await gateway.token('alice', { expiresInS: -60 })]) {
    using socket = await new RawSocket(gateway.webSocketUrl).open()
    socket.send({ type: 'connection_init', payload: { authorization } })
    expect(await socket.closed).toEqual({ code: 4403, reason: 'Forbidden' })
  }
  expect(gateway.log).toEqual([])
})

test("closes the connection with 4503 if its token cannot be checked now; for an operation's token that is an error", async () => {
  const provision = (): Promise<never> => Promise.reject(unavailable('The database is away.'))
  await using gateway = await startGateway({ provision })
  const token = await gateway.token('alice')
  using socket = await new RawSocket(gateway.webSocketUrl).open()
  socket.send({ type: 'connection_init', payload: { authorization: token } })
  expect(await socket.closed).toEqual({ code: 4503, reason: 'Overloaded; come back later' })
  using other = await new RawSocket(gateway.webSocketUrl).init()
  expect(await other.run('1', '{ whoami }', withToken(token))).toMatchObject({
    type: 'error',
    payload: [{ extensions: { code: 'UNAVAILABLE', retryable: true } }],
  })
  expect((await post(gateway.url, '{ whoami }', { token })).status).toBe(503)
})

test('has no viewer without a token, except for an operation that brings its own', async () => {
  await using gateway = await startGateway()
  using socket = await new RawSocket(gateway.webSocketUrl).init()
  const alice = await gateway.token('alice')
  expect(await socket.run('1', '{ whoami }')).toMatchObject({ payload: { data: { whoami: 'anonymous' } } })
  expect(await socket.run('2', '{ whoami }', withToken(alice))).toMatchObject({
    payload: { data: { whoami: 'alice' } },
  })
  expect(await socket.run('3', '{ whoami }')).toMatchObject({ payload: { data: { whoami: 'anonymous' } } })
})

test('runs each operation as its own user if two users share a connection', async () => {
  await using gateway = await startGateway()
  const [alice, bob] = [await gateway.token('alice'), await gateway.token('bob')]
  using socket = await new RawSocket(gateway.webSocketUrl).init({ authorization: alice })
  for (let round = 0; round < 20; round++) {
    socket.subscribe(`bob ${round}`, '{ whoami }', withToken(bob))
    socket.subscribe(`alice ${round}`, '{ whoami }')
    socket.subscribe(`alice too ${round}`, '{ whoami }', withToken(alice))
  }
  const all = await socket.messages.until(
    (messages) => messages.filter(({ type }) => type === 'next').length === 60,
  )
  for (const { id, payload } of all.filter(({ type }) => type === 'next')) {
    expect(payload).toEqual({ data: { whoami: id?.split(' ')[0] } })
  }
})

test('returns an error for an operation with an invalid token', async () => {
  await using gateway = await startGateway()
  using socket = await new RawSocket(gateway.webSocketUrl).init({
    authorization: await gateway.token('alice'),
  })
  expect(await socket.run('1', '{ whoami }', withToken('rubbish'))).toMatchObject({
    type: 'error',
    payload: [{ extensions: { code: 'UNAUTHENTICATED' } }],
  })
  expect(await socket.run('2', '{ whoami }')).toMatchObject({ payload: { data: { whoami: 'alice' } } })
})

test('closes the connection with 4403 and ends its streams when its token expires', async () => {
  await using gateway = await startGateway(NOTHING_PENDING)
  const authorization = await gateway.token('alice', { expiresInS: HOUR_S })
  using socket = await new RawSocket(gateway.webSocketUrl).init({ authorization })
  socket.subscribe('1', OBSERVED)
  await expect.poll(() => gateway.streams.length).toBe(1)
  gateway.clock.offsetMs = HOUR_S * 1000 + GRACE_MS
  expect(await socket.closed).toEqual({ code: 4403, reason: 'Token expired' })
  expect(gateway.streams[0]?.isOver).toBe(true)
})

test('closes the connection with 4403 when the token of a running operation expires', async () => {
  await using gateway = await startGateway(NOTHING_PENDING)
  const bob = await gateway.token('bob', { expiresInS: HOUR_S })
  using socket = await new RawSocket(gateway.webSocketUrl).init({
    authorization: await gateway.token('alice'),
  })
  socket.subscribe('1', OBSERVED, withToken(bob))
  await expect.poll(() => gateway.streams.length).toBe(1)
  gateway.clock.offsetMs = HOUR_S * 1000 + GRACE_MS
  expect(await socket.closed).toEqual({ code: 4403, reason: 'Token expired' })
})

test('closes nothing when a token expires after its operation', async () => {
  await using gateway = await startGateway(NOTHING_PENDING)
  const bob = await gateway.token('bob', { expiresInS: HOUR_S })
  using socket = await new RawSocket(gateway.webSocketUrl).init()
  await socket.run('1', '{ whoami }', withToken(bob))
  await socket.messages.match(({ id, type }) => id === '1' && type === 'complete')
  await expireAnother(gateway)
  expect(await socket.run('2', '{ whoami }')).toMatchObject({ payload: { data: { whoami: 'anonymous' } } })
})

test('closes nothing for a token that is valid for centuries', async () => {
  await using gateway = await startGateway(NOTHING_PENDING)
  const authorization = await gateway.token('alice', { expiresInS: 10 * 365 * 24 * HOUR_S })
  using socket = await new RawSocket(gateway.webSocketUrl).init({ authorization })
  await expireAnother(gateway)
  expect(await socket.run('1', '{ whoami }')).toMatchObject({ type: 'next' })
})

test('renewSession keeps the connection and its streams', async () => {
  await using gateway = await startGateway(NOTHING_PENDING)
  const authorization = await gateway.token('alice', { expiresInS: HOUR_S })
  const longer = await gateway.token('alice', { expiresInS: 3 * HOUR_S })
  using socket = await new RawSocket(gateway.webSocketUrl).init({ authorization })
  socket.subscribe('1', OBSERVED)
  await expect.poll(() => gateway.streams.length).toBe(1)
  const renewed = await socket.run('2', `mutation { renew(token: "${longer}") }`)
  const expected = new Date((Math.floor(Date.now() / 1000) + 3 * HOUR_S) * 1000)
  const { data } = renewed.payload as { data: { renew: string } }
  expect(Math.abs(Date.parse(data.renew) - expected.getTime())).toBeLessThan(5_000)
  gateway.clock.offsetMs = 2 * HOUR_S * 1000
  gateway.streams[0]?.push('still here')
  await socket.messages.match(({ id, type }) => id === '1' && type === 'next')
  gateway.clock.offsetMs = 3 * HOUR_S * 1000 + GRACE_MS
  expect(await socket.closed).toEqual({ code: 4403, reason: 'Token expired' })
})

test('renewSession renews the session of its own operation alone', async () => {
  await using gateway = await startGateway(NOTHING_PENDING)
  const alice = await gateway.token('alice', { expiresInS: HOUR_S })
  const bob = await gateway.token('bob', { expiresInS: HOUR_S })
  const bobLonger = await gateway.token('bob', { expiresInS: 3 * HOUR_S })
  using socket = await new RawSocket(gateway.webSocketUrl).init({ authorization: alice })
  socket.subscribe('1', OBSERVED, withToken(bob))
  await expect.poll(() => gateway.streams.length).toBe(1)
  await socket.run('2', `mutation { renew(token: "${bobLonger}") }`, withToken(bob))
  gateway.clock.offsetMs = HOUR_S * 1000 + GRACE_MS
  expect(await socket.closed).toMatchObject({ code: 4403 })
})

test('renewSession rejects a token of another user', async () => {
  await using gateway = await startGateway()
  using socket = await new RawSocket(gateway.webSocketUrl).init({
    authorization: await gateway.token('alice'),
  })
  const renewed = await socket.run('1', `mutation { renew(token: "${await gateway.token('bob')}") }`)
  expect(renewed.payload).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] })
  expect(await socket.run('2', '{ whoami }')).toMatchObject({ payload: { data: { whoami: 'alice' } } })
})

test('the graphql-ws client reconnects by itself with a new token after the old one expired', async () => {
  await using gateway = await startGateway(NOTHING_PENDING)
  const tokens: string[] = [
    await gateway.token('alice', { expiresInS: HOUR_S }),
    await gateway.token('alice'),
  ]
  const client = createClient({
    url: gateway.webSocketUrl,
    retryWait: () => Promise.resolve(),
    connectionParams: () => ({ authorization: tokens.shift() }),
  })
  const results = client.iterate<{ observed: string }>({ query: OBSERVED })
  const first = results.next()
  await expect.poll(() => gateway.streams.length).toBe(1)
  gateway.clock.offsetMs = HOUR_S * 1000 + GRACE_MS
  await expect.poll(() => gateway.streams.length).toBe(2)
  gateway.streams[1]?.push('back again')
  expect((await first).value).toEqual({ data: { observed: 'back again' } })
  await client.dispose()
})
