import { hostUrls } from '../../src/config/connection-url.ts'
import { createTestDatabase } from '../harness/servers/database.ts'
import { type GatewayProcess, startGatewayProcess } from '../harness/servers/gateway-process.ts'
import { startRedis, type TestRedis } from '../harness/servers/redis.ts'
import { startTcpProxy, type TcpProxy } from '../harness/network/tcp-proxy.ts'
import { type Crowd, type CrowdOptions, startCrowd } from './crowd.ts'

/** Gateways in their own processes, users who send through them, and the parts that faults affect. */
export type Scene = Crowd &
  Readonly<{
    gateways: readonly GatewayProcess[]
    redis: TestRedis
    /** Between the first gateway and Redis. The others are connected directly. */
    toRedis: TcpProxy
    /** Between the first gateway and Postgres. */
    toPostgres: TcpProxy
    /** The database, by a connection that faults do not affect. */
    databaseUrl: string
  }>

/** Deviations from the default scene. */
export type SceneOptions = Readonly<{
  /** A database with several hosts instead of the scene's own, without a proxy. */
  severalHosts?: string
  talk?: CrowdOptions['talk']
}>

/** Starts `count` gateways. Resolves when users are sending. */
export async function startScene(count: number, options: SceneOptions = {}): Promise<Scene> {
  const { severalHosts, talk } = options
  await using resources = new AsyncDisposableStack()
  const database =
    severalHosts === undefined ? resources.use(await createTestDatabase()) : { url: severalHosts }
  const redis = resources.use(await startRedis())
  const toRedis = resources.use(await startTcpProxy(redis.url))
  const toPostgres = resources.use(await startTcpProxy(hostUrls(database.url)[0] ?? ''))
  const start = async (index: number): Promise<GatewayProcess> =>
    resources.use(
      await startGatewayProcess({
        databaseUrl: index === 0 && severalHosts === undefined ? toPostgres.url : database.url,
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
    databaseUrl: database.url,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}
