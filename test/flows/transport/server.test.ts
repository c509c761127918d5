import { once } from 'node:events'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { json } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { Senders } from '../../../src/transport/http/senders.ts'
import { createServer } from '../../../src/transport/server.ts'
import { startGateway } from './gateway.ts'
import type { Gateway } from './gateway.ts'
import { createReadingPace } from '../../../src/quotas/document-budget.ts'
import { createRefusalBudget } from '../../../src/quotas/refusal-budget.ts'
import { send } from './http-client.ts'

const origin = ({ url }: Gateway): string => new URL(url).origin

test('redirects a browser from the root to the API, and answers 404 in JSON otherwise', async () => {
  await using gateway = await startGateway()
  const led = await fetch(origin(gateway), { headers: { accept: 'text/html' }, redirect: 'manual' })
  expect([led.status, led.headers.get('location')]).toEqual([302, '/graphql'])
  expect((await send(origin(gateway), {})).status).toBe(404)
  const lost = await send(`${origin(gateway)}/secret`, { headers: { accept: 'text/html' } })
  expect([lost.status, lost.headers.get('content-type')]).toEqual([404, 'application/json; charset=utf-8'])
})

test('ignores an offer of another protocol than WebSocket', async () => {
  await using gateway = await startGateway()
  const headers = {
    connection: 'Upgrade, HTTP2-Settings',
    upgrade: 'h2c',
    'http2-settings': 'AAMAAABkAARAAAAAAAIAAAAA',
  }
  const asking = request(`${gateway.url}?query=%7Bwhoami%7D`, { headers }).end()
  const [response] = (await once(asking, 'response')) as [IncomingMessage]
  expect(await json(response)).toEqual({ data: { whoami: 'anonymous' } })
})

test('sends security headers with every response', async () => {
  await using gateway = await startGateway()
  for (const path of ['/graphql?query=%7Bwhoami%7D', '/health/live', '/nothing']) {
    const { headers } = await fetch(origin(gateway) + path)
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('x-frame-options')).toBe('DENY')
    expect(headers.get('x-powered-by')).toBeNull()
  }
})

test('readiness follows start, drain and checks; liveness follows none of them', async () => {
  let isBroken = false
  const database = async (): Promise<void> => {
    if (isBroken) throw new Error('the database is away')
  }
  await using gateway = await startGateway({ checks: { database } })
  const ready = async (): Promise<unknown> => {
    const { status, text } = await send(`${origin(gateway)}/health/ready`, {})
    return [status, JSON.parse(text)]
  }
  expect(await ready()).toEqual([503, { status: 'starting' }])
  gateway.health.markReady()
  expect(await ready()).toEqual([200, { status: 'ready' }])
  isBroken = true
  expect(await ready()).toEqual([200, { status: 'ready' }])
  expect(await ready()).toEqual([503, { status: 'failing' }])
  isBroken = false
  expect(await ready()).toEqual([200, { status: 'ready' }])
  gateway.health.markDraining()
  expect(await ready()).toEqual([503, { status: 'draining' }])
  gateway.server.stopAccepting()
  expect((await send(`${origin(gateway)}/health/live`, {})).status).toBe(200)
})

test('serves health on the admin port with its details, and nothing else there', async () => {
  await using blocker = await startGateway()
  const port = Number(new URL(blocker.url).port)
  await blocker.server.stop()
  await using gateway = await startGateway({
    admin: { host: '127.0.0.1', port },
    checks: { database: async () => undefined },
  })
  gateway.health.markReady()
  const details = await fetch(`http://127.0.0.1:${port}/health/ready`)
  expect([details.status, await details.json()]).toEqual([
    200,
    { status: 'ready', checks: { database: 'ok' } },
  ])
  expect(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()).toContain('\n')
  expect((await fetch(`${gateway.url}/metrics`)).status).toBe(404)
  expect((await fetch(`http://127.0.0.1:${port}/graphql`)).status).toBe(404)
})

test('names a port that is taken, and what to do', async () => {
  await using gateway = await startGateway()
  const port = Number(new URL(gateway.url).port)
  const second = createServer({
    yoga: {
      handle: async () => undefined,
      senders: new Senders(() => 'unknown', { authenticate: () => Promise.reject(new Error('not used')) }),
      closeStreams: async () => undefined,
    },
    websocket: gateway.websocket,
    health: gateway.health,
    metrics: { handle: () => false },
    config: {
      mode: 'development',
      http: { host: '127.0.0.1', port, allowedOrigins: [], allowedHeaders: [], trustedProxies: [] },
      admin: undefined,
      serverApi: undefined,
    },
    pace: createReadingPace(),
    refusals: createRefusalBudget(),
    logger: gateway.logger,
  })
  await expect(second.start()).rejects.toThrow(`Port ${port} is taken. Stop the program that listens on it`)
})
