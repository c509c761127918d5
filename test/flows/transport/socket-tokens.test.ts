import { expect, test } from 'vitest'
import { startGateway } from './gateway.ts'
import { RawSocket } from './raw-socket.ts'

const whoami = async (socket: RawSocket): Promise<unknown> => (await socket.run('1', '{ whoami }')).payload

test.each([
  ['authorization', (token: string) => ({ authorization: `Bearer ${token}` })],
  ['authorization, without Bearer', (token: string) => ({ authorization: token })],
  ['Authorization', (token: string) => ({ Authorization: `Bearer ${token}` })],
  ['headers.authorization', (token: string) => ({ headers: { authorization: `Bearer ${token}` } })],
  ['headers.Authorization', (token: string) => ({ headers: { Authorization: `bearer ${token}` } })],
  ['authToken', (token: string) => ({ authToken: token })],
])('signs in with the token in %s of the payload', async (_place, payloadOf) => {
  await using gateway = await startGateway()
  using socket = await new RawSocket(gateway.webSocketUrl).init(payloadOf(await gateway.token('alice')))
  expect(await whoami(socket)).toEqual({ data: { whoami: 'alice' } })
})

test.each([undefined, {}, { authorization: '' }, { authorization: null, headers: 7, authToken: '' }])(
  "signs in with the handshake's header if the payload is %j",
  async (payload) => {
    await using gateway = await startGateway()
    const headers = { authorization: `Bearer ${await gateway.token('alice')}` }
    using socket = await new RawSocket(gateway.webSocketUrl, { headers }).init(payload)
    expect(await whoami(socket)).toEqual({ data: { whoami: 'alice' } })
  },
)

test('of several tokens uses authorization, then headers.authorization, then authToken, then the handshake', async () => {
  await using gateway = await startGateway()
  const [alice, bob, carol, dave] = await Promise.all(
    ['alice', 'bob', 'carol', 'dave'].map((name) => gateway.token(name)),
  )
  const headers = { authorization: `Bearer ${dave}` }
  const payload = { authToken: carol, headers: { authorization: bob }, authorization: alice }
  const { authorization: _first, ...withoutFirst } = payload
  for (const [given, name] of [
    [payload, 'alice'],
    [withoutFirst, 'bob'],
    [{ authToken: carol }, 'carol'],
    [{}, 'dave'],
  ] as const) {
    using socket = await new RawSocket(gateway.webSocketUrl, { headers }).init(given)
    expect(await whoami(socket)).toEqual({ data: { whoami: name } })
  }
})

test('closes the connection if the first token is invalid, even if another is valid', async () => {
  await using gateway = await startGateway()
  const headers = { authorization: `Bearer ${await gateway.token('alice')}` }
  using socket = await new RawSocket(gateway.webSocketUrl, { headers }).open()
  socket.send({ type: 'connection_init', payload: { authorization: 'Bearer rubbish' } })
  expect(await socket.closed).toEqual({ code: 4403, reason: 'Forbidden' })
})

test('closes the connection if the token of the handshake has expired', async () => {
  await using gateway = await startGateway()
  const headers = { authorization: `Bearer ${await gateway.token('alice', { expiresInS: -60 })}` }
  using socket = await new RawSocket(gateway.webSocketUrl, { headers }).open()
  socket.send({ type: 'connection_init' })
  expect(await socket.closed).toEqual({ code: 4403, reason: 'Forbidden' })
})

test.each([
  ['token', (token: string) => ({ token })],
  ['accessToken, with Bearer', (token: string) => ({ accessToken: `Bearer ${token}` })],
  ['context.authorization', (token: string) => ({ context: { authorization: token } })],
])('does not acknowledge a connection whose token is in %s', async (_place, payloadOf) => {
  await using gateway = await startGateway()
  using socket = await new RawSocket(gateway.webSocketUrl).open()
  socket.send({ type: 'connection_init', payload: payloadOf(await gateway.token('alice')) })
  expect(await socket.closed).toEqual({
    code: 4400,
    reason: 'The token is in an unknown field; send it as "authorization"',
  })
  expect(socket.messages.all).toEqual([])
})

test('other fields in the payload do no harm', async () => {
  await using gateway = await startGateway()
  const payload = { 'apollographql-client-name': 'web', version: '1.2.3', headers: { 'x-tenant': 'a.b.c' } }
  using socket = await new RawSocket(gateway.webSocketUrl).init(payload)
  expect(await whoami(socket)).toEqual({ data: { whoami: 'anonymous' } })
})

test('neither cookies, nor the password of a proxy, nor the query string are a token', async () => {
  await using gateway = await startGateway()
  const token = await gateway.token('alice')
  const headers = {
    cookie: `token=${token}; authorization=${token}`,
    authorization: 'Basic YWxpY2U6aHVzaA==',
  }
  const url = `${gateway.webSocketUrl}?token=${token}&authorization=${token}`
  using socket = await new RawSocket(url, { headers }).init()
  expect(await whoami(socket)).toEqual({ data: { whoami: 'anonymous' } })
})
