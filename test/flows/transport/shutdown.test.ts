import { once } from 'node:events'
import { connect } from 'node:net'
import { createClient } from 'graphql-ws'
import { expect, onTestFinished, test } from 'vitest'
import { startGateway } from './gateway.ts'
import { post } from './http-client.ts'
import { RawSocket, handshakeStatus } from './raw-socket.ts'

test('while draining, rejects new requests with 503 and Retry-After, and serves open connections', async () => {
  await using gateway = await startGateway()
  using socket = await new RawSocket(gateway.webSocketUrl).init()
  gateway.server.stopAccepting()
  expect(await handshakeStatus(gateway.webSocketUrl)).toMatchObject({
    status: 503,
    headers: { 'retry-after': '2' },
  })
  const origin = 'http://localhost:5173'
  const answer = await post(gateway.url, '{ whoami }', { headers: { origin } })
  expect(answer.status).toBe(503)
  expect(answer.headers.get('access-control-allow-origin')).toBe(origin)
  expect(answer.headers.get('retry-after')).toBe('2')
  expect(answer.body.errors?.[0]?.extensions).toEqual({
    code: 'UNAVAILABLE',
    retryable: true,
    retryAfterMs: 2_000,
  })
  expect(await socket.run('1', '{ whoami }')).toMatchObject({ type: 'next' })
})

test('closes connections with 1012 in waves before the deadline', async () => {
  await using gateway = await startGateway()
  const sockets = await Promise.all(
    Array.from({ length: 120 }, async (_, index) => {
      const socket = new RawSocket(gateway.webSocketUrl)
      return socket.init({ authorization: await gateway.token(`user ${index}`) })
    }),
  )
  const closedAfterMs: number[] = []
  const startedAt = performance.now()
  const closings = sockets.map(async ({ closed }) => {
    expect(await closed).toEqual({ code: 1012, reason: 'Service restart' })
    closedAfterMs.push(performance.now() - startedAt)
  })
  await gateway.websocket.closeInWaves({ deadlineMs: 5_000 })
  await Promise.all(closings)
  expect(gateway.websocket.connectionCount).toBe(0)
  const inOrder = closedAfterMs.toSorted((a, b) => a - b)
  expect(inOrder[50]).toBeGreaterThan(240)
  expect(inOrder[100]).toBeGreaterThan(490)
  expect(inOrder[119]).toBeLessThan(5_000)
})

test('cuts off a peer without a closing handshake at the deadline', async () => {
  await using gateway = await startGateway({ limits: { closeTimeoutMs: 60_000 } })
  using socket = await new RawSocket(gateway.webSocketUrl).init()
  socket.subscribe('1', 'subscription { observed }')
  await expect.poll(() => gateway.streams[0]?.calls.all).toEqual(['next'])
  socket.socket.pause()
  const closing = gateway.websocket.closeInWaves({ deadlineMs: 2_000 })
  await gateway.streams[0]?.calls.match((call) => call === 'return', 1_000)
  await closing
  expect(gateway.websocket.connectionCount).toBe(0)
})

test('the graphql-ws client reconnects after a restart and subscribes again', async () => {
  await using old = await startGateway()
  await using next = await startGateway()
  const urls = [old.webSocketUrl, next.webSocketUrl]
  const client = createClient({
    url: () => urls.shift() ?? next.webSocketUrl,
    retryWait: () => Promise.resolve(),
  })
  const results = client.iterate<{ observed: string }>({ query: 'subscription { observed }' })
  const first = results.next()
  await expect.poll(() => old.streams.length).toBe(1)
  await old.websocket.closeInWaves({ deadlineMs: 1_000 })
  await expect.poll(() => next.streams.length).toBe(1)
  next.streams[0]?.push('hello')
  expect((await first).value).toEqual({ data: { observed: 'hello' } })
  await client.dispose()
})

/** So long that a test that waits for its end fails. */
const LONG = { graceMs: 60_000 }

test('stopping ends subscriptions over HTTP with a retryable error at once, and frees the port', async () => {
  await using gateway = await startGateway()
  const response = await fetch(gateway.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({ query: 'subscription { observed }' }),
  })
  await expect.poll(() => gateway.streams[0]?.calls.all).toEqual(['next'])
  const [text] = await Promise.all([response.text(), gateway.server.stop(LONG)])
  expect(text).toMatch(/event: next\ndata: .*"code":"UNAVAILABLE","retryable":true.*\n\nevent: complete\n/)
  expect(gateway.streams[0]?.isOver).toBe(true)
  await expect(fetch(gateway.url)).rejects.toThrow()
})

test('ends a subscription over HTTP that starts while the gateway stops', async () => {
  await using gateway = await startGateway()
  const response = fetch(gateway.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({ query: 'subscription { observed(afterMs: 200) }' }),
  })
  await expect.poll(() => gateway.callers.length).toBe(1)
  await gateway.server.stop(LONG)
  expect(await (await response).text()).toContain('"code":"UNAVAILABLE"')
  expect(gateway.streams[0]?.isOver).toBe(true)
})

test('stopping waits for neither unused nor idle connections', async () => {
  await using gateway = await startGateway()
  const { hostname, port } = new URL(gateway.url)
  const [unused, kept] = [connect(Number(port), hostname), connect(Number(port), hostname)]
  onTestFinished(() => [unused, kept].forEach((socket) => socket.destroy()))
  await Promise.all([once(unused, 'connect'), once(kept, 'connect')])
  kept.write('GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(kept, 'data')
  const ended = [unused, kept].map((socket) => once(socket.resume(), 'close'))
  await Promise.all([gateway.server.stop(LONG), ...ended])
})

test('cuts off a request that never ends after the grace period', async () => {
  await using gateway = await startGateway()
  const { hostname, port } = new URL(gateway.url)
  const socket = connect(Number(port), hostname)
  const ended = new Promise((resolve) => socket.on('error', () => undefined).on('close', resolve))
  const headers = 'Host: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\nExpect: 100-continue'
  socket.write(`POST /graphql HTTP/1.1\r\n${headers}\r\n\r\n`)
  expect(String(await once(socket, 'data'))).toContain('100 Continue')
  await Promise.all([gateway.server.stop({ graceMs: 100 }), ended])
})
