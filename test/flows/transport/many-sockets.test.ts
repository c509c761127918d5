import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { connect } from '../../../examples/connection.ts'
import { startGateway } from './gateway.ts'
import { RawSocket } from './raw-socket.ts'

test('rejects a new connection with a time to retry while too many wait, before it checks the token', async () => {
  let [waitMs, people] = [5_000, 0]
  const provision = async (): Promise<void> => void (people += 1)
  await using gateway = await startGateway({ expectedWaitMs: () => waitMs, provision })
  const payload = { authorization: await gateway.token('alice') }
  using early = await new RawSocket(gateway.webSocketUrl).open()
  early.send({ type: 'connection_init', payload })
  const { code, reason } = await early.closed
  expect([code, people]).toEqual([4503, 0])
  const [, hint] = /^Overloaded; come back in (\d+) ms$/.exec(reason) ?? []
  expect(Number(hint)).toBeGreaterThanOrEqual(2_500)
  expect(Number(hint)).toBeLessThanOrEqual(7_500)
  waitMs = 0
  using late = await new RawSocket(gateway.webSocketUrl).init(payload)
  expect(await late.run('1', '{ whoami }')).toMatchObject({ type: 'next', payload: { data: {} } })
})

test('the connection of examples/ reconnects after the given time, not before', async () => {
  const server = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    handleProtocols: () => 'graphql-transport-ws',
  })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const times: number[] = []
  const cameBack = Promise.withResolvers<void>()
  server.on('connection', (socket) => {
    times.push(performance.now())
    if (times.length > 1) cameBack.resolve()
    socket.on('message', () => socket.close(4503, 'Overloaded; come back in 700 ms'))
  })
  const client = connect(`http://127.0.0.1:${port}`, () => 'token')
  const asking = client.iterate({ query: '{ x }' }).next()
  asking.catch(() => undefined)
  await cameBack.promise
  // It is closed once more meanwhile.
  await Promise.allSettled([client.dispose()])
  server.close()
  const [first = 0, second = 0] = times
  expect(second - first).toBeGreaterThanOrEqual(690)
})
