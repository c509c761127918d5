import { expect, test } from 'vitest'
import type { GatewayId, UserId } from '../../../src/ids.ts'
import { range } from '../../harness/fixtures/chat-events.ts'
import { startRedisCluster } from '../../harness/servers/redis-cluster.ts'
import { quiet, startRegistryEnd } from './redis-registries.ts'

const west = 'west' as GatewayId
const crowd = range(1, 1_000).map((number) => `somebody ${number}`) as UserId[]

test('when a node of the cluster dies and comes back empty, those whom it had forgotten are registered again', async () => {
  await using cluster = await startRedisCluster()
  await using here = await startRegistryEnd(cluster.urls, 'east')
  await using there = await startRegistryEnd(cluster.urls, west)
  await Promise.all(crowd.map((somebody) => there.registry.register(somebody)))
  await quiet(there)
  for (const index of cluster.nodes.keys()) {
    await cluster.killNode(index)
    await expect(here.registry.gatewaysOf(crowd)).rejects.toThrow()
    await cluster.startNode(index)
    await there.told.match((told) => told === 'lost')
    const found = await Promise.all(crowd.map((somebody) => here.registry.gatewaysOf([somebody])))
    expect(found.filter((gateways) => gateways.has(west))).toHaveLength(crowd.length)
  }
})
