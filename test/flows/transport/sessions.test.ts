import { createClient } from 'graphql-ws'
import { expect, test } from 'vitest'
import { unavailable } from '../../../src/errors.ts'
import { startGateway } from './gateway.ts'
import { post } from './http-client.ts'
import { RawSocket } from './raw-socket.ts'

const OBSERVED = 'subscription { observed }'
const HOUR_S = 3_600
/** For clocks that differ. */
const GRACE_MS = 5_000
const NOTHING_PENDING = { limits: { checkIntervalMs: 20 } }

/** How GraphiQL sends what is in a tab's headers. */
const withToken = (token: string): Record<string, unknown> => ({
  extensions: { headers: { Authorization: `Bearer ${token}` } },
})

test.each([
  ['with its scheme', (token: string) => ({ authorization: `Bearer ${token}` })],
  ['bare', (token: string) => ({ authorization: token })],
  ['capitalised', (token: string) => ({ Authorization: `bearer ${token}` })],
])('the token in connectionParams, %s, makes the viewer of every operation', async (_name, params) => {
  await using gateway = await startGateway()
  using socket = await new RawSocket(gateway.webSocketUrl).init(params(await gateway.token('alice')))
  expect(await socket.run('1', '{ whoami }')).toMatchObject({ payload: { data: { whoami: 'alice' } } })
})

test('an invalid token in connectionParams closes the connection with 4403 and says nothing of it', async () => {
  await using gateway = await startGateway()
  for (const authorization of ['rubbish', 'Basic YTpi', await gateway.token('alice', { expiresInS: -60 })]) {
    using socket = await new RawSocket(gateway.webSocketUrl).open()
    socket.send({ type: 'connection_init', payload: { authorization } })
    expect(await socket.closed).toEqual({ code: 4403, reason: 'Forbidden' })
  }
  expect(gateway.log).toEqual([])
})

test("a token that cannot be checked now closes the connection with 4503, and is its operation's error", async () => {
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

test('without a token nobody is signed in, until an operation brings one, for that operation alone', async () => {
  await using gateway = await startGateway()
  using socket = await new RawSocket(gateway.webSocketUrl).init()
  const alice = await gateway.token('alice')
  expect(await socket.run('1', '{ whoami }')).toMatchObject({ payload: { data: { whoami: 'nobody' } } })
  expect(await socket.run('2', '{ whoami }', withToken(alice))).toMatchObject({
    payload: { data: { whoami: 'alice' } },
  })
  expect(await socket.run('3', '{ whoami }')).toMatchObject({ payload: { data: { whoami: 'nobody' } } })
})

test('two people on one connection each get what is theirs, whatever the order', async () => {
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

test("an operation's invalid token is that operation's error", async () => {
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

test('when the token of the connection runs out, it is closed with 4403 and its streams end', async () => {
  await using gateway = await startGateway(NOTHING_PENDING)
  const authorization = await gateway.token('alice', { expiresInS: HOUR_S })
  using socket = await new RawSocket(gateway.webSocketUrl).init({ authorization })
  socket.subscribe('1', OBSERVED)
  await expect.poll(() => gateway.streams.length).toBe(1)
  gateway.clock.offsetMs = HOUR_S * 1000 + GRACE_MS
  expect(await socket.closed).toEqual({ code: 4403, reason: 'Token expired' })
  expect(gateway.streams[0]?.isOver).toBe(true)
})

test("when an operation's own token runs out while it is live, the connection is closed with 4403", async () => {
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

test('a token that runs out after its operation is over closes nothing', async () => {
  await using gateway = await startGateway(NOTHING_PENDING)
  const bob = await gateway.token('bob', { expiresInS: HOUR_S })
  using socket = await new RawSocket(gateway.webSocketUrl).init()
  await socket.run('1', '{ whoami }', withToken(bob))
  await socket.messages.match(({ id, type }) => id === '1' && type === 'complete')
  gateway.clock.offsetMs = HOUR_S * 1000 + GRACE_MS
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(await socket.run('2', '{ whoami }')).toMatchObject({ payload: { data: { whoami: 'nobody' } } })
})

test('a token that lasts for centuries closes nothing', async () => {
  await using gateway = await startGateway(NOTHING_PENDING)
  const authorization = await gateway.token('alice', { expiresInS: 10 * 365 * 24 * HOUR_S })
  using socket = await new RawSocket(gateway.webSocketUrl).init({ authorization })
  await new Promise((resolve) => setTimeout(resolve, 100))
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

test("renewSession renews the session that its operation runs with, and nobody else's", async () => {
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

test("another person's token renews nothing", async () => {
  await using gateway = await startGateway()
  using socket = await new RawSocket(gateway.webSocketUrl).init({
    authorization: await gateway.token('alice'),
  })
  const renewed = await socket.run('1', `mutation { renew(token: "${await gateway.token('bob')}") }`)
  expect(renewed.payload).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] })
  expect(await socket.run('2', '{ whoami }')).toMatchObject({ payload: { data: { whoami: 'alice' } } })
})

test('the graphql-ws client comes back by itself with a fresh token when the old one ran out', async () => {
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
