import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { expect, test, vi } from 'vitest'
import { WebSocket, WebSocketServer } from 'ws'
import { createLiveLimits } from '../../../src/quotas/live-limits.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'
import { beginRequestScope } from '../../../src/telemetry/request-id.ts'
import { SocketConnection, type SocketProtocol } from '../../../src/transport/websocket/connection.ts'
import { SOCKET_LIMITS } from '../../../src/transport/websocket/limits.ts'
import { OwnedSocket } from '../../../src/transport/websocket/owned-socket.ts'
import { createTurnEnd } from '../../../src/transport/websocket/outbox.ts'

const logger = createLogger({ level: 'silent', pretty: false })
const authenticator = { authenticate: () => Promise.reject(new Error('not used')) }

/** Reads messages without processing them. */
const protocol: SocketProtocol = { receive: () => undefined }

/** Both ends of one connection. Nothing is read until the test reads it. */
async function connectUnread({ waitMs = (): number => 0, add = (): void => undefined } = {}) {
  const http = createServer().listen(0, '127.0.0.1')
  await once(http, 'listening')
  const { port } = http.address() as AddressInfo
  const client = new WebSocket(`ws://127.0.0.1:${port}`)
  const server = new WebSocketServer<typeof OwnedSocket>({
    noServer: true,
    clientTracking: false,
    WebSocket: OwnedSocket,
  })
  const [request, network, head] = (await once(http, 'upgrade')) as [IncomingMessage, Duplex, Buffer]
  const socket = await new Promise<OwnedSocket>((resolve) => {
    server.handleUpgrade(request, network, head, resolve)
  })
  const connection = new SocketConnection({
    owner: { onSignedIn: () => undefined, onClosed: () => undefined },
    socket,
    network,
    turnEnd: createTurnEnd(),
    authenticator,
    liveLimits: createLiveLimits(),
    intake: { add },
    reading: { waitMs, charge: () => undefined },
    limits: SOCKET_LIMITS,
    address: '127.0.0.1',
    baseUrl: 'http://127.0.0.1',
    authorization: undefined,
    scope: beginRequestScope(undefined),
    logger,
  })
  connection.open(protocol)
  connection.beginSignIn()
  if (client.readyState !== WebSocket.OPEN) await once(client, 'open')
  return {
    client,
    socket,
    connection,
    async [Symbol.asyncDispose]() {
      connection.terminate()
      client.terminate()
      await connection.closed
      await new Promise((resolve) => http.close(resolve))
    },
  }
}

/** The network delivers 64 KiB at once, which holds this many empty messages. */
const EMPTY_AT_ONCE = 10_923

test.for(['', '{"type":"ping"}'])('keeps few messages of a flood of "%s" in memory', async (text) => {
  await using flood = await connectUnread()
  for (let count = 0; count < 50_000; count += 1) flood.client.send(text)
  await expect.poll(() => flood.socket.isPaused).toBe(true)
  let held = 1
  while (flood.connection.unread.readOne()) held += 1
  expect(held).toBeLessThan(2 * EMPTY_AT_ONCE)
})

test('does not count a paused client as silent, and gives it its full time afterwards', async () => {
  await using flood = await connectUnread()
  for (let count = 0; count < 5_000; count += 1) flood.client.send('{"type":"ping"}')
  await expect.poll(() => flood.socket.isPaused).toBe(true)
  const pausedAt = performance.now()
  for (let now = 0; now <= 120_000; now += 1_000) flood.connection.checkLiveness(pausedAt + now)
  expect(flood.socket.readyState).toBe(WebSocket.OPEN)
  while (flood.connection.unread.readOne()) continue
  flood.connection.checkLiveness(pausedAt + 121_000)
  expect(flood.socket.readyState).toBe(WebSocket.OPEN)
})

test('the time for which messages are held does not count as a sign of load', async () => {
  let waitMs = 0
  const add = vi.fn<() => void>()
  await using held = await connectUnread({ waitMs: () => waitMs, add })
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] })
  for (let count = 0; count < 5; count++) held.connection.receive(Buffer.from('{"type":"pong"}'), false)
  expect(held.connection.unread.readOne()).toBe(true)
  waitMs = 5_000
  expect(held.connection.unread.readOne()).toBe(false)
  expect(held.socket.isPaused).toBe(true)
  waitMs = 0
  add.mockClear()
  vi.advanceTimersByTime(5_000)
  expect(add).toHaveBeenCalledTimes(1)
  vi.advanceTimersByTime(10)
  expect(held.connection.unread.readOne()).toBe(true)
  expect([held.connection.unread.queuedMs, held.connection.unread.backlogMs]).toEqual([10, 10])
  vi.useRealTimers()
})
