import { expect, test } from 'vitest'
import { pause } from '../../src/lib/async.ts'
import { createTestDatabase } from '../harness/servers/database.ts'
import { startGatewayProcess } from '../harness/servers/gateway-process.ts'
import { startRedisCluster, type TestRedisCluster } from '../harness/servers/redis-cluster.ts'
import { type Crowd, startCrowd } from './crowd.ts'

/** After this time, leases that a dead node held have run out on the gateways. */
const LEASES_ENDED_MS = 6_000

type Scene = Crowd & Readonly<{ cluster: TestRedisCluster }>

/** Three gateways with three masters, and users who send through them. */
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

/** Each node has something else: the leases, registrations of some users, channels of some gateways. */
test(
  'loses nothing while one node of a Redis Cluster after the other is dead',
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
  'loses nothing when replicas take over from dead nodes of a Redis Cluster',
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
