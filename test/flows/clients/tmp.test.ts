import { test } from 'vitest'
import { startParley } from '../../harness/parley.ts'
import { provideDatabase } from '../../harness/database.ts'
import { startTcpProxy } from '../../harness/tcp-proxy.ts'
import { createMemoryBus } from '../../../src/bus/memory-bus.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'
import { createMemorySessionRegistry } from '../../../src/gateway/memory-session-registry.ts'
import type { GatewayId } from '../../../src/ids.ts'
import { Person } from '../../harness/person.ts'
test('x', async () => {
  const logger = createLogger({ level: 'silent', pretty: false })
  await using database = await provideDatabase()
  await using proxy = await startTcpProxy(database.url)
  const bus = createMemoryBus({ logger })
  const map = new Map()
  await using a = await startParley({ databaseUrl: database.url, gatewayId: 'a', overrides: { bus, sessions: createMemorySessionRegistry('a' as GatewayId, map) } })
  await using b = await startParley({ databaseUrl: proxy.url, gatewayId: 'b', overrides: { bus, sessions: createMemorySessionRegistry('b' as GatewayId, map) } })
  const alice = await a.person('alice')
  const bob = await b.person('bob')
  const chat = await alice.startChat(bob)
  const results: unknown[] = []
  bob.socket.subscribe({ query: 'subscription { inbox(deviceId: "x") { __typename ... on ChatEvent { seq chat { id unreadCount } } ... on MessageSent { message { body sender { name } } } } }' }, { next: (r) => results.push([Date.now() % 100000, r]), error: (e) => results.push(['error', e]), complete: () => results.push('complete') })
  bob.socket.on('closed', (e) => results.push(['closed', (e as {code: number}).code, (e as {reason: string}).reason]))
  await new Promise((r) => setTimeout(r, 700))
  await alice.send(chat, 'one')
  await new Promise((r) => setTimeout(r, 300))
  proxy.cut(); results.push(['cut', Date.now() % 100000])
  await alice.send(chat, 'two')
  await new Promise((r) => setTimeout(r, 14000))
  proxy.restore()
  await new Promise((r) => setTimeout(r, 3000))
  await alice.send(chat, 'three')
  await new Promise((r) => setTimeout(r, 1000))
  console.log(JSON.stringify(results, null))
}, 60_000)
