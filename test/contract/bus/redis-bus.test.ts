import { afterAll } from 'vitest'
import { startRedisCluster } from '../../harness/servers/redis-cluster.ts'
import { startRedis } from '../../harness/servers/redis.ts'
import { busContract, type BusEnds } from './bus-contract.ts'
import { startRedisEnd } from './redis-ends.ts'

const servers = new AsyncDisposableStack()
afterAll(() => servers.disposeAsync())
const redis = servers.use(await startRedis())
const cluster = servers.use(await startRedisCluster())

busContract('the bus over one Redis', () => startEnds([redis.url]))
busContract('the bus over a Redis Cluster', () => startEnds(cluster.urls))

async function startEnds(urls: readonly string[]): Promise<BusEnds> {
  const resources = new AsyncDisposableStack()
  const [one, other] = [resources.use(await startRedisEnd(urls)), resources.use(await startRedisEnd(urls))]
  return { bus: one.bus, other: other.bus, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}
