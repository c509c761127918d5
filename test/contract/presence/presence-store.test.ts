import { afterAll } from 'vitest'
import { connectRedis } from '../../../src/redis/redis-connection.ts'
import type { GatewayId } from '../../../src/ids.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import {
  createMemoryPresence,
  createMemoryPresenceStore,
} from '../../../src/presence/store/memory-presence-store.ts'
import { createRedisPresenceStore } from '../../../src/presence/store/redis-presence-store.ts'
import { captureLog } from '../../harness/fixtures/captured-log.ts'
import { startRedisCluster } from '../../harness/servers/redis-cluster.ts'
import { startRedis, type TestRedis } from '../../harness/servers/redis.ts'
import { type PresenceWorld, presenceStoreContract, WINDOW_MS } from './presence-store-contract.ts'

const servers = new AsyncDisposableStack()
afterAll(() => servers.disposeAsync())
const redis = servers.use(await startRedis())
const cluster = servers.use(await startRedisCluster())

presenceStoreContract('presence in memory', createMemoryWorld)
presenceStoreContract('presence in one Redis', () => createRedisWorld([redis.url], redis))
presenceStoreContract('presence in a Redis Cluster', () => createRedisWorld(cluster.urls, cluster))

function createMemoryWorld(): PresenceWorld {
  const common = {
    presence: createMemoryPresence(),
    windowMs: WINDOW_MS,
    clock: systemClock,
    elapsedMs: () => performance.now(),
  }
  return {
    add: async (name) => createMemoryPresenceStore({ ...common, gatewayId: name as GatewayId }),
    [Symbol.asyncDispose]: async () => undefined,
  }
}

async function createRedisWorld(
  urls: readonly string[],
  server: Pick<TestRedis, 'flush'>,
): Promise<PresenceWorld> {
  await server.flush()
  const resources = new AsyncDisposableStack()
  return {
    async add(name) {
      const connection = connectRedis({ urls, name, logger: captureLog().logger })
      resources.defer(() => connection.close())
      await connection.start()
      return createRedisPresenceStore({ connection, gatewayId: name as GatewayId, windowMs: WINDOW_MS })
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}
