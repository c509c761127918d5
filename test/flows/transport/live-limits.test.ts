import { expect, test } from 'vitest'
import { LIVE_LIMITS } from '../../../src/quotas/live-limits.ts'
import { type Gateway, startGateway } from './gateway.ts'
import { RawSocket } from './raw-socket.ts'

const OBSERVED = 'subscription { observed }'
const RATE_LIMITED = { extensions: { code: 'RATE_LIMITED', retryable: true, retryAfterMs: 30_000 } }

/** Opens the most connections that one user may have. */
async function openAll(gateway: Gateway, payload: unknown): Promise<readonly RawSocket[]> {
  const sockets: RawSocket[] = []
  for (let count = 0; count < LIVE_LIMITS.connection; count++)
    sockets.push(await new RawSocket(gateway.webSocketUrl).init(payload))
  return sockets
}

test('refuses the connections of a user who has too many, with a time to return, and keeps the open ones', async () => {
  await using gateway = await startGateway()
  const payload = { authorization: await gateway.token('alice') }
  const open = await openAll(gateway, payload)
  using refused = await new RawSocket(gateway.webSocketUrl).open()
  refused.send({ type: 'connection_init', payload })
  expect(await refused.closed).toEqual({
    code: 4503,
    reason: 'Too many connections; come back in 30000 ms',
  })
  using _bob = await new RawSocket(gateway.webSocketUrl).init({ authorization: await gateway.token('bob') })
  expect(await open[0]?.run('1', '{ whoami }')).toMatchObject({ payload: { data: { whoami: 'alice' } } })
  open[1]?.socket.terminate()
  await expect.poll(() => gateway.websocket.connectionCount).toBe(LIVE_LIMITS.connection)
  using _next = await new RawSocket(gateway.webSocketUrl).init(payload)
  for (const socket of open) socket[Symbol.dispose]()
})

test('counts connections whose operations bring the token, also after these operations', async () => {
  await using gateway = await startGateway()
  const token = await gateway.token('alice')
  const extensions = { headers: { Authorization: token } }
  const open: RawSocket[] = []
  for (let count = 0; count < LIVE_LIMITS.connection; count++) {
    const socket = await new RawSocket(gateway.webSocketUrl).init()
    await socket.run('1', '{ whoami }', { extensions })
    open.push(socket)
  }
  using late = await new RawSocket(gateway.webSocketUrl).init()
  expect(await late.run('1', '{ whoami }', { extensions })).toMatchObject({
    type: 'error',
    payload: [RATE_LIMITED],
  })
  for (const socket of open) socket[Symbol.dispose]()
})

test('refuses the live subscriptions of a user who has too many on all connections, as an error of the operation', async () => {
  await using gateway = await startGateway()
  const payload = { authorization: await gateway.token('alice') }
  const sockets = await Promise.all([1, 2, 3].map(() => new RawSocket(gateway.webSocketUrl).init(payload)))
  const [first, , third] = sockets
  for (let count = 0; count < LIVE_LIMITS.subscription; count++)
    sockets[count % 2]?.subscribe(`${count}`, OBSERVED)
  await expect.poll(() => gateway.streams.length).toBe(LIVE_LIMITS.subscription)
  expect(await third?.run('1', OBSERVED)).toMatchObject({ type: 'error', payload: [RATE_LIMITED] })
  expect(await third?.run('2', '{ whoami }')).toMatchObject({ type: 'next' })
  first?.send({ id: '0', type: 'complete' })
  await expect.poll(() => gateway.streams.filter(({ isOver }) => isOver).length).toBe(1)
  third?.subscribe('3', OBSERVED)
  await expect.poll(() => gateway.streams.length).toBe(LIVE_LIMITS.subscription + 1)
  // A connection that closes ends the count of its subscriptions too.
  first?.socket.terminate()
  await expect
    .poll(() => gateway.streams.filter(({ isOver }) => isOver).length)
    .toBe(LIVE_LIMITS.subscription / 2)
  third?.subscribe('4', OBSERVED)
  await expect.poll(() => gateway.streams.length).toBe(LIVE_LIMITS.subscription + 2)
  for (const socket of sockets) socket[Symbol.dispose]()
})

test('refuses the streams over HTTP of a user who has too many, with RATE_LIMITED as their only event', async () => {
  await using gateway = await startGateway()
  const token = await gateway.token('alice')
  const leaving = new AbortController()
  const open = (signal?: AbortSignal): Promise<Response> =>
    fetch(gateway.url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        authorization: `Bearer ${token}`,
      },
      body: JSON.stringify({ query: OBSERVED }),
      ...(signal && { signal }),
    })
  for (let count = 0; count < LIVE_LIMITS.stream; count++)
    expect((await open(leaving.signal)).status).toBe(200)
  const refused = await open()
  expect(await refused.text()).toContain('"code":"RATE_LIMITED"')
  leaving.abort()
  await expect.poll(() => gateway.streams.filter(({ isOver }) => isOver).length).toBe(LIVE_LIMITS.stream + 1)
  expect((await open(AbortSignal.timeout(5_000))).status).toBe(200)
})
