import { provideDatabase } from '../harness/database.ts'
import { type GatewayProcess, startGatewayProcess } from '../harness/gateway-process.ts'
import { provideRedis, type TestRedis } from '../harness/redis.ts'
import { startTcpProxy, type TcpProxy } from '../harness/tcp-proxy.ts'
import { type Crowd, type CrowdOptions, startCrowd } from './crowd.ts'

/** Gateways in processes of their own, people who talk over them, and everything that can be broken. */
export type Scene = Crowd &
  Readonly<{
    gateways: readonly GatewayProcess[]
    redis: TestRedis
    /** Between the first gateway and Redis; the others have it directly. */
    toRedis: TcpProxy
    /** Between the first gateway and Postgres. */
    toPostgres: TcpProxy
  }>

/** Starts `count` gateways; people are talking when it resolves. */
export async function startScene(count: number, talk?: CrowdOptions['talk']): Promise<Scene> {
  await using resources = new AsyncDisposableStack()
  const database = resources.use(await provideDatabase())
  const redis = resources.use(await provideRedis())
  const toRedis = resources.use(await startTcpProxy(redis.url))
  const toPostgres = resources.use(await startTcpProxy(database.url))
  const start = async (index: number): Promise<GatewayProcess> =>
    resources.use(
      await startGatewayProcess({
        databaseUrl: index === 0 ? toPostgres.url : database.url,
        redisUrl: index === 0 ? toRedis.url : redis.url,
      }),
    )
  const gateways = await Promise.all(Array.from({ length: count }, (_, index) => start(index)))
  const urls = gateways.map(({ url }) => url)
  const crowd = resources.use(await startCrowd({ urls, databaseUrl: database.url, gateways, talk }))
  const kept = resources.move()
  return {
    ...crowd,
    gateways,
    redis,
    toRedis,
    toPostgres,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}
