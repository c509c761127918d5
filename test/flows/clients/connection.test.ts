import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { connect } from '../../../examples/hand-written/connection.ts'

const TIMINGS = { openMs: 400, pingMs: 50, pongMs: 400 }

beforeEach(() => void vi.spyOn(console, 'error').mockImplementation(() => undefined))
afterEach(() => void vi.restoreAllMocks())

/** A server whose first connection is handled by `first`, and whose second resolves `cameBack`. */
async function serve(first: (socket: WebSocket) => void) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => PROTOCOL })
  await once(server, 'listening')
  const times: number[] = []
  const cameBack = Promise.withResolvers<void>()
  server.on('connection', (socket) => {
    times.push(performance.now())
    if (times.length === 1) first(socket)
    else cameBack.resolve()
  })
  const client = connect(
    `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async () => 'token',
    TIMINGS,
  )
  client.subscribe(
    { query: '{ x }' },
    { next: () => undefined, error: () => undefined, complete: () => undefined },
  )
  return {
    times,
    cameBack: cameBack.promise,
    async [Symbol.asyncDispose]() {
      // The second connection is not acknowledged, so its end is an error.
      await Promise.allSettled([client.dispose()])
      for (const socket of server.clients) socket.terminate()
      server.close()
    },
  }
}
const PROTOCOL = 'graphql-transport-ws'
const typeOf = (data: Buffer): unknown => (JSON.parse(data.toString()) as { type: unknown }).type

test('reconnects if the server no longer responds to pings', async () => {
  await using server = await serve((socket) =>
    socket.on('message', (data: Buffer) => {
      if (typeOf(data) === 'connection_init') socket.send(JSON.stringify({ type: 'connection_ack' }))
    }),
  )
  await server.cameBack
})

test('reconnects if the server never acknowledges the connection', async () => {
  await using server = await serve(() => undefined)
  await server.cameBack
})

test('keeps a connection whose pings are answered', async () => {
  let pings = 0
  const enough = Promise.withResolvers<void>()
  await using server = await serve((socket) =>
    socket.on('message', (data: Buffer) => {
      const type = typeOf(data)
      if (type === 'connection_init') socket.send(JSON.stringify({ type: 'connection_ack' }))
      if (type !== 'ping') return
      socket.send(JSON.stringify({ type: 'pong' }))
      if ((pings += 1) * TIMINGS.pingMs > 2 * TIMINGS.pongMs) enough.resolve()
    }),
  )
  await enough.promise
  expect(server.times).toHaveLength(1)
})

test('reconnects after the time that an overloaded gateway names, not before', async () => {
  await using server = await serve((socket) => socket.close(4503, 'Overloaded; come back in 700 ms'))
  await server.cameBack
  const [first = 0, second = 0] = server.times
  expect(second - first).toBeGreaterThanOrEqual(690)
})
