import { expect, test } from 'vitest'
import { pause } from '../../src/lib/async.ts'
import { createTestDatabase } from '../harness/servers/database.ts'
import { startGatewayProcess } from '../harness/servers/gateway-process.ts'
import { startRedisCluster, type TestRedisCluster } from '../harness/servers/redis-cluster.ts'
import { type Crowd, startCrowd } from './crowd.ts'

/** By then no gateway is known any more whose lease was on the dead node. */
const LEASES_ENDED_MS = 6_000

type Scene = Crowd & Readonly<{ cluster: TestRedisCluster }>

/** Three gateways on three masters; people are talking. */
async function startScene(options: Readonly<{ withReplicas: boolean }>): Promise<Scene> {
  await using resources = new AsyncDisposableStack()
  const database = resources.use(await createTestDatabase())
  const cluster = resources.use(await startRedisCluster(options))
  const at = { databaseUrl: database.url, redisUrl: cluster.urls.join(',') }
  const start = async () => resources.use(await startGatewayProcess(at))
  const gateways = await Promise.all([start(), start(), start()])
  const urls = gateways.map(({ url }) => url)
  const crowd = resources.use(await startCrowd({ urls, databaseUrl: database.url, gateways }))
  const kept = resources.move()
  return { ...crowd, cluster, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

/** Each holds something else: the gateways' leases, where some of the people are, some gateways' channels. */
test(
  'while one node of a Redis Cluster after the other is dead, everybody gets everything from the logs',
  { timeout: 120_000 },
  async () => {
    await using scene = await startScene({ withReplicas: false })
    for (const index of scene.cluster.nodes.keys()) {
      await scene.cluster.killNode(index)
      const before = scene.acknowledgedCount()
      await scene.healed(5_000)
      await pause(LEASES_ENDED_MS)
      await scene.healed(5_000)
      expect(scene.acknowledgedCount()).toBeGreaterThan(before)
      await scene.cluster.startNode(index)
      await scene.healed(5_000)
    }
    await scene.verify('each node of a Redis Cluster dead in its turn')
  },
)

test(
  'a replica takes over from a node of a Redis Cluster that dies, and nobody misses anything',
  { timeout: 120_000 },
  async () => {
    await using scene = await startScene({ withReplicas: true })
    for (const index of scene.cluster.nodes.keys()) {
      await scene.cluster.killNode(index)
      await scene.healed(5_000)
      await scene.cluster.waitForTakeover(index)
      await scene.healed(5_000)
      await scene.cluster.startNode(index)
      await scene.healed(5_000)
    }
    await scene.verify('each node of a Redis Cluster replaced by its replica')
  },
)
