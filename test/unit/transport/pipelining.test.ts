import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { expect, test } from 'vitest'
import { Listener } from '../../../src/transport/http/listener.ts'
import { MAX_IN_PROGRESS } from '../../../src/transport/http/pipelining.ts'

/** The longest delivery of the network has about so many of these requests. */
const PER_DELIVERY = 64
const REQUESTS = 3_000
const PAYLOAD = 'x'.repeat(1_024)
const REQUEST = `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${PAYLOAD.length}\r\n\r\n${PAYLOAD}`

/** Answers one request in each turn of the event loop. Returns the most that waited, and the answered ones. */
async function pipeline({ isLimited }: { isLimited: boolean }) {
  const waiting: ServerResponse[] = []
  const server = createServer((request, response) => {
    request.resume()
    waiting.push(response)
  })
  if (isLimited) await new Listener(server).open({ host: '127.0.0.1', port: 0 }, 'PORT')
  else await once(server.listen(0, '127.0.0.1'), 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  client.write(REQUEST.repeat(REQUESTS))
  client.resume()
  let most = 0
  let answered = 0
  while (answered < REQUESTS) {
    await new Promise((resolve) => setImmediate(resolve))
    most = Math.max(most, waiting.length)
    const response = waiting.shift()
    if (response === undefined) continue
    response.end('ok')
    answered += 1
  }
  client.destroy()
  server.close()
  await once(server, 'close')
  return { most, answered }
}

test('stops reading a connection with many requests in progress, and reads on when they are answered', async () => {
  const { most, answered } = await pipeline({ isLimited: true })
  expect(answered).toBe(REQUESTS)
  expect(most).toBeLessThanOrEqual(MAX_IN_PROGRESS + PER_DELIVERY)
})

test('without the limit, nearly all requests of one connection wait at once', async () => {
  expect((await pipeline({ isLimited: false })).most).toBeGreaterThan(MAX_IN_PROGRESS + PER_DELIVERY)
})
