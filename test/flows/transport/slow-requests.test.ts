import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { startGateway } from './gateway.ts'
import type { Gateway } from './gateway.ts'
import { post } from './http-client.ts'

/** Measures how long the server waits for a client that sends this and then nothing, in milliseconds. */
async function patienceWith(gateway: Gateway, text: string): Promise<number> {
  const { hostname, port } = new URL(gateway.url)
  const startedAt = performance.now()
  const socket = connect(Number(port), hostname)
  socket.write(text)
  for await (const _chunk of socket) continue
  return performance.now() - startedAt
}

const HALF_HEADERS = 'POST /graphql HTTP/1.1\r\nHost: x\r\nX-Slow: '
const HALF_BODY = `POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`

test('cuts off 300 slow clients, headers after 10 seconds and bodies after 15, without harm to others', async () => {
  await using gateway = await startGateway()
  const dawdling = [HALF_HEADERS, HALF_BODY, ''].map((text) =>
    Promise.all(Array.from({ length: 100 }, () => patienceWith(gateway, text))),
  )
  expect((await post(gateway.url, '{ whoami }')).status).toBe(200)
  const [headers = [], bodies = [], silent = []] = await Promise.all(dawdling)
  expect(Math.max(...headers)).toBeLessThan(13_000)
  expect(Math.max(...silent)).toBeLessThan(13_000)
  expect(Math.max(...bodies)).toBeLessThan(18_000)
  expect(gateway.log).toEqual([])
}, 30_000)
