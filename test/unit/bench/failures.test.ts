import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { Client } from '../../../bench/load/client.ts'
import { whileConnected } from '../../../bench/load/connected.ts'
import { type Failed, Roster } from '../../../bench/measure/roster.ts'

test('a system that fails leaves with its reason, and all others continue', async () => {
  const [failed, turns, disposed]: [Failed[], string[], string[]] = [[], [], []]
  const memberOf = (name: string) => ({
    name,
    [Symbol.asyncDispose]: async () => void disposed.push(name),
  })
  {
    await using roster = new Roster<ReturnType<typeof memberOf>>((one) => failed.push(one))
    for (const name of ['parley', 'peer', 'last']) await roster.add(name, async () => memberOf(name))
    await roster.add('absent', () => Promise.reject(new Error('It is not installed.')))
    for (const round of [0, 1])
      await roster.turns('500/s', round, async ({ name }) => {
        if (name === 'peer') throw new Error('recipient7 was disconnected: 4408 too slow')
        turns.push(`${name} ${round}`)
      })
    expect(disposed).toEqual(['peer'])
  }
  expect(turns).toEqual(['parley 0', 'last 0', 'last 1', 'parley 1'])
  expect(failed).toEqual([
    { name: 'absent', during: 'start', reason: 'It is not installed.' },
    { name: 'peer', during: '500/s', reason: 'recipient7 was disconnected: 4408 too slow' },
  ])
  expect(disposed).toEqual(['peer', 'parley', 'last'])
})

test('a load ends when a user is disconnected, with the code and the text of the close', async () => {
  await using server = await startServer((socket) => {
    socket.once('message', () => {
      socket.send('{"type":"connection_ack"}')
      socket.on('message', () => socket.close(4410, 'Too many events are waiting.'))
    })
  })
  const client = await Client.open({ url: server.url, secret: 'secret', name: 'alice' })
  const guarded = whileConnected([client])
  const run = guarded(new Promise(() => undefined))
  const reason = 'alice was disconnected: 4410 Too many events are waiting.'
  await Promise.all([
    expect(client.startInbox()).rejects.toThrow(reason),
    expect(run).rejects.toThrow(reason),
  ])
})

test('a server that closes the connection while a user signs in is a failure with its reason', async () => {
  await using server = await startServer((socket) => socket.close(4429, 'Too many connections.'))
  const client = Client.open({ url: server.url, secret: 'secret', name: 'alice' })
  await expect(client).rejects.toThrow('alice was disconnected: 4429 Too many connections.')
})

async function startServer(onConnection: (socket: WebSocket) => void) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  server.on('connection', onConnection)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `ws://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of server.clients) socket.terminate()
      server.close()
      await once(server, 'close')
    },
  }
}
