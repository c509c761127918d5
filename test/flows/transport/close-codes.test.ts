import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createClient } from 'graphql-ws'
import { expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { CLOSE_CODES } from '../../../src/transport/websocket/close-codes.ts'

/** Returns whether the graphql-ws client reconnects after this close code. */
async function comesBackAfter(code: number, reason: string): Promise<boolean> {
  const server = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    handleProtocols: () => 'graphql-transport-ws',
  })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  let connections = 0
  server.on('connection', (socket) => {
    connections += 1
    socket.on('message', () => socket.close(code, reason))
  })
  const client = createClient({
    url: `ws://127.0.0.1:${port}`,
    retryAttempts: 1,
    retryWait: () => Promise.resolve(),
  })
  await client
    .iterate({ query: '{ x }' })
    .next()
    .catch(() => undefined)
  await client.dispose()
  server.close()
  return connections > 1
}

test.each(Object.entries(CLOSE_CODES))(
  'graphql-ws clients reconnect after %s as the table says',
  async (_name, entry) => {
    expect(await comesBackAfter(entry.code, entry.reason)).toBe(entry.clientReconnects)
  },
)

test('every reason fits into a close frame', () => {
  for (const { reason } of Object.values(CLOSE_CODES))
    expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123)
})
