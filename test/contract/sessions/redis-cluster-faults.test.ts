import { expect, test } from 'vitest'
import type { GatewayId, UserId } from '../../../src/ids.ts'
import { range } from '../../harness/fixtures/chat-events.ts'
import { startRedisCluster } from '../../harness/servers/redis-cluster.ts'
import { settled, startRegistryEnd } from './redis-registries.ts'

const west = 'west' as GatewayId
const users = range(1, 1_000).map((number) => `user ${number}`) as UserId[]

test('registers users again whose node of the cluster restarts empty', async () => {
  await using cluster = await startRedisCluster()
  await using here = await startRegistryEnd(cluster.urls, 'east')
  await using there = await startRegistryEnd(cluster.urls, west)
  await Promise.all(users.map((userId) => there.registry.register(userId)))
  await settled(there)
  for (const index of cluster.nodes.keys()) {
    await cluster.killNode(index)
    await expect(here.registry.gatewaysOf(users)).rejects.toThrow()
    await cluster.startNode(index)
    await there.notifications.match((notification) => notification === 'reregistered')
    const found = await Promise.all(users.map((userId) => here.registry.gatewaysOf([userId])))
    expect(found.filter((gateways) => gateways.has(west))).toHaveLength(users.length)
  }
})
