import type { IncomingMessage } from 'node:http'
import { Duplex } from 'node:stream'
import { expect, test } from 'vitest'
import { createWebSocketEndpoint } from '../../../src/transport/websocket/endpoint.ts'

/** An endpoint that rejects each handshake, because the path is not that of the API. */
function createEndpoint() {
  const config = { mode: 'development', http: { allowedOrigins: [], trustedProxies: [], host: '127.0.0.1' } }
  return createWebSocketEndpoint({
    config,
    authenticator: { onRevocation: () => undefined },
  } as never)
}

function request(remoteAddress: string): IncomingMessage {
  const host = '127.0.0.1'
  const headers = { headers: { host }, headersDistinct: { host: [host] } }
  return { url: '/elsewhere', ...headers, socket: { remoteAddress } } as never
}

test('answers two handshakes in a turn of the event loop, and the addresses take turns', async () => {
  const endpoint = createEndpoint()
  const answered: string[] = []
  const knock = (address: string): void => {
    const socket = new Duplex({
      read: () => undefined,
      write: (_chunk, _encoding, done) => (answered.push(address), done()),
    })
    endpoint.handleUpgrade(request(address), socket, Buffer.alloc(0))
  }
  for (let count = 0; count < 6; count++) knock('192.0.2.1')
  knock('192.0.2.2')
  await new Promise<void>((resolve) => process.nextTick(resolve))
  const turns: (readonly string[])[] = [answered.splice(0)]
  for (let turn = 0; turn < 10; turn++) {
    await new Promise((resolve) => setImmediate(resolve))
    turns.push(answered.splice(0))
  }
  expect(turns.flat()).toHaveLength(7)
  expect(Math.max(...turns.map(({ length }) => length))).toBe(2)
  expect(turns.flat().indexOf('192.0.2.2')).toBeLessThan(4)
})

test('survives connections that are cut off while their handshakes wait', async () => {
  const endpoint = createEndpoint()
  const written: string[] = []
  const sockets = Array.from({ length: 5 }, () => {
    const socket = new Duplex({
      read: () => undefined,
      write: (chunk: Buffer, _encoding, done) => (written.push(chunk.toString()), done()),
    })
    endpoint.handleUpgrade(request('192.0.2.1'), socket, Buffer.alloc(0))
    return socket
  })
  sockets.at(-1)?.destroy(new Error('cut off'))
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
  expect(written).toHaveLength(4)
})
