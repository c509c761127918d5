import { afterAll } from 'vitest'
import {
  createMemorySessionRegistry,
  type MemorySessions,
} from '../../../src/sessions/memory-session-registry.ts'
import type { GatewayId } from '../../../src/ids.ts'
import { startRedisCluster } from '../../harness/servers/redis-cluster.ts'
import { startRedis, type TestRedis } from '../../harness/servers/redis.ts'
import { startRegistryEnd } from './redis-registries.ts'
import { type RegistryWorld, sessionRegistryContract } from './session-registry-contract.ts'

const servers = new AsyncDisposableStack()
afterAll(() => servers.disposeAsync())
const redis = servers.use(await startRedis())
const cluster = servers.use(await startRedisCluster())

sessionRegistryContract('the session registry in memory', createMemoryWorld)
sessionRegistryContract('the session registry in one Redis', async () => createRedisWorld([redis.url], redis))
sessionRegistryContract('the session registry in a Redis Cluster', async () =>
  createRedisWorld(cluster.urls, cluster),
)

function createMemoryWorld(): RegistryWorld {
  const sessions: MemorySessions = new Map()
  const resources = new AsyncDisposableStack()
  return {
    add: async (name) =>
      resources.adopt(createMemorySessionRegistry(name as GatewayId, sessions), (registry) =>
        registry.close(),
      ),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

async function createRedisWorld(
  urls: readonly string[],
  server: Pick<TestRedis, 'flush'>,
): Promise<RegistryWorld> {
  await server.flush()
  const resources = new AsyncDisposableStack()
  return {
    add: async (name) => resources.use(await startRegistryEnd(urls, name)).registry,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}
