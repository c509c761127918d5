import { channel } from 'node:diagnostics_channel'
import { connect, type Socket } from 'node:net'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { EventQueue } from '../../harness/fixtures/event-queue.ts'
import { type Gateway, startGateway } from './gateway.ts'
import { post } from './http-client.ts'

const MIB = 1024 * 1024

/** The server's ends of the connections that are opened meanwhile. */
function serverSockets(): EventQueue<Socket> & Disposable {
  const sockets = new EventQueue<Socket>()
  const onSocket = (message: unknown): void => sockets.push((message as { socket: Socket }).socket)
  channel('net.server.socket').subscribe(onSocket)
  return Object.assign(sockets, {
    [Symbol.dispose]() {
      channel('net.server.socket').unsubscribe(onSocket)
    },
  })
}

/** Asks for an answer and does not read it. */
function askWithoutReading(gateway: Gateway, query: string, accept = 'application/json'): Socket {
  const { hostname, port } = new URL(gateway.url)
  const body = JSON.stringify({ query })
  const socket = connect(Number(port), hostname)
  socket.pause()
  socket.write(
    `POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAccept: ${accept}\r\n` +
      `Content-Length: ${body.length}\r\n\r\n${body}`,
  )
  return socket
}

/** Longer than the buffers of two sockets, and as long as an answer may be. */
const LONG = `{ ${Array.from({ length: 4 }, (_, index) => `a${index}: big(bytes: ${MIB - 100})`).join(' ')} }`
const LONG_BYTES = 4 * (MIB - 100)

test('cuts off a connection whose client takes nothing of its answer', async () => {
  using ends = serverSockets()
  await using gateway = await startGateway({ answerLimits: { writeTimeoutMs: 200 } })
  const client = askWithoutReading(gateway, LONG)
  const end = await ends.next()
  await once(end, 'close')
  client.destroy()
  expect((await post(gateway.url, '{ whoami }')).status).toBe(200)
})

test('keeps a connection whose client takes a part of its answer again and again', async () => {
  await using gateway = await startGateway({ answerLimits: { writeTimeoutMs: 300 } })
  const client = askWithoutReading(gateway, LONG)
  let received = 0
  for await (const chunk of client) {
    received += (chunk as Buffer).length
    if (received > LONG_BYTES) break
    // The client is slow: it takes several times as long as the timeout.
    await pause(30)
  }
  expect(received).toBeGreaterThan(LONG_BYTES)
})

test('cuts off a client that takes an answer in drops, at the end of its time', async () => {
  using ends = serverSockets()
  await using gateway = await startGateway({ answerLimits: { answerTimeoutMs: 300 } })
  const client = askWithoutReading(gateway, LONG)
  const end = await ends.next()
  await once(end, 'close')
  client.destroy()
})

test('a stream has no such time', async () => {
  await using gateway = await startGateway({ answerLimits: { answerTimeoutMs: 500 } })
  const response = await fetch(gateway.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({ query: 'subscription { observed }' }),
  })
  await expect.poll(() => gateway.streams.length).toBe(1)
  // Another answer was cut off meanwhile, so the time is over.
  using ends = serverSockets()
  const client = askWithoutReading(gateway, LONG)
  await once(await ends.next(), 'close')
  client.destroy()
  gateway.streams[0]?.push('still here')
  const reader = response.body?.getReader()
  let text = ''
  while (!text.includes('still here')) text += new TextDecoder().decode((await reader?.read())?.value)
  await reader?.cancel()
})

test('answers RATE_LIMITED to a client with too much unread, until it reads or leaves', async () => {
  await using gateway = await startGateway({ answerLimits: { maxUnreadBytes: 2 * MIB } })
  const clients = [1, 2, 3, 4].map(() => askWithoutReading(gateway, LONG))
  await expect
    .poll(async () => {
      const { status, body } = await post(gateway.url, '{ whoami }')
      return [status, JSON.stringify(body).includes('Read the answers to your earlier requests first.')]
    })
    .toEqual([429, true])
  for (const client of clients) client.destroy()
  await expect.poll(async () => (await post(gateway.url, '{ whoami }')).status).toBe(200)
})
