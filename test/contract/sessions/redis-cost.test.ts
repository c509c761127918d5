import { expect, test } from 'vitest'
import { connectRedis } from '../../../src/redis/redis-connection.ts'
import { createRedisSessionRegistry } from '../../../src/sessions/redis-session-registry.ts'
import type { GatewayId, UserId } from '../../../src/ids.ts'
import { captureLog } from '../../harness/fixtures/captured-log.ts'
import { range } from '../../harness/fixtures/chat-events.ts'
import { startRedisCluster } from '../../harness/servers/redis-cluster.ts'
import { startRedis, type TestRedis } from '../../harness/servers/redis.ts'
import { startRegistryEnd } from './redis-registries.ts'
import { until } from './session-registry-contract.ts'
import { startTurnCountingProxy } from './turn-counting-proxy.ts'

const members = range(1, 1_024).map((number) => `member ${number}`) as UserId[]
const west = 'west' as GatewayId

test('looks up all 1,024 members of a chat in one round trip, by one command', async () => {
  await using redis = await startRedis()
  await using proxy = await startTurnCountingProxy(redis.url)
  await using there = await startRegistryEnd([redis.url], west)
  await Promise.all(members.map((member) => there.registry.register(member)))

  const { logger } = captureLog()
  const connection = connectRedis({ urls: [proxy.url], name: 'east', logger })
  const here = createRedisSessionRegistry({ connection, gatewayId: 'east' as GatewayId, logger })
  await connection.start()
  const turnsBefore = proxy.turns()
  expect(await here.gatewaysOf(members)).toEqual(new Set([west]))
  // It is not started, so it renews nothing. One heartbeat may have been sent meanwhile.
  expect(proxy.turns() - turnsBefore).toBeLessThanOrEqual(2)
  expect(await callsOf(redis, 'sunion')).toBe(1)
  await connection.close()
})

test('in a cluster, looks up members in one round trip to each node, by 64 commands at most', async () => {
  await using cluster = await startRedisCluster()
  await using here = await startRegistryEnd(cluster.urls, 'east')
  await using there = await startRegistryEnd(cluster.urls, west)
  await Promise.all(members.map((member) => there.registry.register(member)))
  expect(await here.registry.gatewaysOf(members)).toEqual(new Set([west]))
  const calls = await Promise.all(cluster.nodes.map((node) => callsOf(node, 'sunion')))
  expect(calls.every((count) => count > 0)).toBe(true)
  expect(calls.reduce((sum, count) => sum + count)).toBeLessThanOrEqual(64)
})

test('extends a few registrations at a time: of 1,000 users, 5 a second', async () => {
  await using redis = await startRedis()
  await using here = await startRegistryEnd([redis.url], 'east')
  await Promise.all(members.slice(0, 1_000).map((member) => here.registry.register(member)))
  const before = await callsOf(redis, 'smembers')
  const renewals = await callsOf(redis, 'evalsha')
  await until(async () => (await callsOf(redis, 'evalsha')) >= renewals + 4)
  const rounds = (await callsOf(redis, 'evalsha')) - renewals
  const extended = (await callsOf(redis, 'smembers')) - before
  expect(extended).toBeGreaterThan(0)
  expect(extended).toBeLessThanOrEqual(5 * (rounds + 1))
})

async function callsOf(redis: TestRedis, command: string): Promise<number> {
  const info = String(await redis.command('info', 'commandstats'))
  const [, calls] = new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(info) ?? []
  return Number(calls ?? 0)
}
