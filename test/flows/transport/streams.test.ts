import { once } from 'node:events'
import { createClient } from 'graphql-ws'
import { expect, test } from 'vitest'
import { startGateway } from './gateway.ts'
import type { Gateway } from './gateway.ts'
import type { ObservedStream } from './observed-stream.ts'
import { RawSocket } from './raw-socket.ts'

const OBSERVED = 'subscription { observed }'

/** Resolves with the stream of the latest subscription once it is read. */
async function startedStream(gateway: Gateway, index = 0): Promise<ObservedStream> {
  await expect.poll(() => gateway.streams[index]?.calls.all).toEqual(['next'])
  const stream = gateway.streams[index]
  if (stream === undefined) throw new Error('no such stream')
  return stream
}

test('delivers a subscription through the graphql-ws client and completes it', async () => {
  await using gateway = await startGateway()
  const client = createClient({ url: gateway.webSocketUrl, retryAttempts: 0 })
  const counted: unknown[] = []
  for await (const { data } of client.iterate({ query: 'subscription { count(to: 3) }' })) counted.push(data)
  expect(counted).toEqual([{ count: 1 }, { count: 2 }, { count: 3 }])
  await client.dispose()
})

test('asks for the next event only after the previous one was written to the socket', async () => {
  await using gateway = await startGateway()
  using socket = await new RawSocket(gateway.webSocketUrl).init()
  socket.subscribe('1', OBSERVED)
  const stream = await startedStream(gateway)
  socket.socket.pause()
  const large = 'x'.repeat(1024 * 1024)
  for (let index = 0; index < 50; index++) stream.push(large)
  // Once the kernel's buffers are full, writes wait for the reader, and reads from the stream wait for the writes.
  let pulled = -1
  await expect
    .poll(
      () => {
        const isSteady = pulled === stream.calls.all.length
        pulled = stream.calls.all.length
        return isSteady
      },
      { interval: 200 },
    )
    .toBe(true)
  expect(pulled).toBeLessThan(30)
  expect(gateway.websocket.connectionCount).toBe(1)
  socket.socket.resume()
  await stream.calls.until((calls) => calls.length === 51)
})

test('ends a stream with a pending next when the socket dies and when the client completes', async () => {
  await using gateway = await startGateway()
  const socket = await new RawSocket(gateway.webSocketUrl).init()
  socket.subscribe('1', OBSERVED)
  const first = await startedStream(gateway, 0)
  socket.send({ id: '1', type: 'complete' })
  await first.calls.match((call) => call === 'return', 1_000)
  socket.subscribe('2', OBSERVED)
  const second = await startedStream(gateway, 1)
  socket[Symbol.dispose]()
  await second.calls.match((call) => call === 'return', 1_000)
  await expect.poll(() => gateway.websocket.connectionCount).toBe(0)
})

test('ends a stream although its id was used again meanwhile', async () => {
  await using gateway = await startGateway()
  using socket = await new RawSocket(gateway.webSocketUrl).init()
  for (let round = 0; round < 5; round++) {
    socket.subscribe('same', OBSERVED)
    socket.send({ id: 'same', type: 'complete' })
  }
  socket.subscribe('same', OBSERVED)
  await expect.poll(() => gateway.streams.length).toBe(6)
  socket[Symbol.dispose]()
  await expect.poll(() => gateway.streams.map(({ isOver }) => isOver)).toEqual(Array(6).fill(true))
})

test('terminates a silent peer and ends its streams', async () => {
  await using gateway = await startGateway({ limits: { silenceMs: 100, checkIntervalMs: 20 } })
  using silent = await new RawSocket(gateway.webSocketUrl, { autoPong: false }).init()
  using alive = await new RawSocket(gateway.webSocketUrl).init()
  silent.subscribe('1', OBSERVED)
  const stream = await startedStream(gateway)
  expect(await silent.closed).toMatchObject({ code: 1006 })
  await stream.calls.match((call) => call === 'return', 1_000)
  await new Promise((resolve) => alive.socket.once('ping', resolve))
  expect(gateway.websocket.connectionCount).toBe(1)
})

test('keeps a peer that answered while this process was suspended', async () => {
  await using gateway = await startGateway({ limits: { silenceMs: 100, checkIntervalMs: 20 } })
  using socket = await new RawSocket(gateway.webSocketUrl).init()
  await once(socket.socket, 'ping')
  // The answer to this ping has arrived but is read only after the timers that are due.
  const until = performance.now() + 400
  while (performance.now() < until) continue
  await once(socket.socket, 'ping')
  expect(await socket.run('1', '{ whoami }')).toMatchObject({ type: 'next' })
})

test('closes a client that does not read before much is buffered', async () => {
  await using gateway = await startGateway({ limits: { closeTimeoutMs: 200 } })
  using socket = await new RawSocket(gateway.webSocketUrl).init()
  socket.socket.pause()
  for (let index = 0; index < 60; index++) socket.subscribe(String(index), '{ big(bytes: 1000000) }')
  await expect.poll(() => gateway.websocket.connectionCount, { timeout: 5_000 }).toBe(0)
  expect(gateway.log).toEqual([])
})

test('an operation can close its own connection with a code after which clients reconnect', async () => {
  await using gateway = await startGateway()
  using socket = await new RawSocket(gateway.webSocketUrl).init()
  socket.subscribe('1', 'subscription { hangUp }')
  expect(await socket.closed).toEqual({ code: 4410, reason: 'Too slow; reconnect to catch up' })
})

test('does not log an error if an event cannot be written because the client has gone', async () => {
  await using gateway = await startGateway({ limits: { maxUnsentBytes: 1_024 } })
  using socket = await new RawSocket(gateway.webSocketUrl).init()
  for (const id of ['1', '2']) socket.subscribe(id, OBSERVED)
  const [first, second] = [await startedStream(gateway, 0), await startedStream(gateway, 1)]
  socket.socket.pause()
  // The first messages fill the buffers. The one of the other stream then finds the reader too slow.
  for (let index = 0; index < 16; index++) first.push('x'.repeat(3 * 1024 * 1024))
  await expect.poll(() => gateway.websocket.connectionCount).toBe(1)
  second.push('small')
  await second.calls.match((call) => call === 'return', 2_000)
  socket.socket.terminate()
  await expect.poll(() => gateway.websocket.connectionCount).toBe(0)
  expect(gateway.log.filter((line) => line.includes('"level":"error"'))).toEqual([])
})
