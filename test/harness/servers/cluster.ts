import { createTestDatabase } from './database.ts'
import { type ParleyOptions, startParley, type TestParley } from './parley.ts'
import { startRedis } from './redis.ts'

/** Several gateways on one database and one Redis, in one process. */
export type TestCluster = AsyncDisposable &
  Readonly<{
    gateways: readonly TestParley[]
    redis: Awaited<ReturnType<typeof startRedis>>
    databaseUrl: string
    /** Starts another gateway. */
    add(options?: ParleyOptions): Promise<TestParley>
  }>

/** Starts `count` gateways with the same options. */
export async function startCluster(count: number, common: ParleyOptions = {}): Promise<TestCluster> {
  const resources = new AsyncDisposableStack()
  const database = resources.use(await createTestDatabase())
  const redis = resources.use(await startRedis())

  async function add(options: ParleyOptions = {}): Promise<TestParley> {
    return resources.use(
      await startParley({ databaseUrl: database.url, redisUrls: [redis.url], ...common, ...options }),
    )
  }

  const gateways = await Promise.all(Array.from({ length: count }, () => add()))
  return {
    gateways,
    redis,
    databaseUrl: database.url,
    add,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}
