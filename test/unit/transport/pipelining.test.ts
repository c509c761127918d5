import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Listener } from '../../../src/transport/http/listener.ts'
import { MAX_IN_PROGRESS } from '../../../src/transport/http/pipelining.ts'

const REQUESTS = 3_000
const PAYLOAD = 'x'.repeat(1_024)
const REQUEST = `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${PAYLOAD.length}\r\n\r\n${PAYLOAD}`

type Begun = { inProgress: number; most: number; inTurn: number; mostInTurn: number; bodies: number }

/** Counts the requests that begin. `answer` gets each, once its body was read. */
async function listen(answer: (end: () => void) => void) {
  const begun: Begun = { inProgress: 0, most: 0, inTurn: 0, mostInTurn: 0, bodies: 0 }
  const handle: RequestListener = (request, response) => {
    begun.most = Math.max(begun.most, (begun.inProgress += 1))
    begun.mostInTurn = Math.max(begun.mostInTurn, (begun.inTurn += 1))
    if (begun.inTurn === 1) setImmediate(() => (begun.inTurn = 0))
    // Before the next request begins.
    response.prependOnceListener('close', () => (begun.inProgress -= 1))
    request.resume().once('end', () => {
      begun.bodies += 1
      answer(() => response.end('ok'))
    })
  }
  const server = createServer()
  await new Listener(server, handle).open({ host: '127.0.0.1', port: 0 }, 'PORT')
  const { port } = server.address() as AddressInfo
  return {
    begun,
    /** A client that sends all requests at once. */
    pipeline(count = REQUESTS) {
      const client = connect(port, '127.0.0.1')
      client.write(REQUEST.repeat(count))
      return client
    },
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

test('begins a few requests of a connection, and the next ones when they have been answered', async () => {
  const ends: (() => void)[] = []
  await using server = await listen((end) => ends.push(end))
  const client = server.pipeline().resume()
  let answered = 0
  while (answered < REQUESTS) {
    await nextTurn()
    const end = ends.shift()
    if (end === undefined) continue
    end()
    answered += 1
  }
  expect(server.begun.bodies).toBe(REQUESTS)
  expect(server.begun.most).toBe(MAX_IN_PROGRESS)
  client.destroy()
})

test('does not begin more while the first requests have no answer', async () => {
  await using server = await listen(() => undefined)
  const client = server.pipeline()
  await expect.poll(() => server.begun.bodies).toBe(MAX_IN_PROGRESS)
  for (let turn = 0; turn < 100; turn++) await nextTurn()
  expect(server.begun.inProgress).toBe(MAX_IN_PROGRESS)
  client.destroy()
})

test('begins a bounded number in a turn of the event loop, however many connections pipeline', async () => {
  await using server = await listen((end) => end())
  const clients = Array.from({ length: 50 }, () => server.pipeline(100).resume())
  await expect.poll(() => server.begun.bodies, { timeout: 10_000 }).toBe(5_000)
  expect(server.begun.mostInTurn).toBeLessThanOrEqual(64)
  for (const client of clients) client.destroy()
})
