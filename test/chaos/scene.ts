import { hostUrls } from '../../src/config/connection-url.ts'
import { createTestDatabase } from '../harness/servers/database.ts'
import { type GatewayProcess, startGatewayProcess } from '../harness/servers/gateway-process.ts'
import { startRedis, type TestRedis } from '../harness/servers/redis.ts'
import { startTcpProxy, type TcpProxy } from '../harness/network/tcp-proxy.ts'
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
    /** The database, by a way that no fault concerns. */
    databaseUrl: string
  }>

/** What a scene may have otherwise. */
export type SceneOptions = Readonly<{
  /** A database with several hosts, instead of one of the scene's own; it has no proxy before it. */
  severalHosts?: string
  talk?: CrowdOptions['talk']
}>

/** Starts `count` gateways; people are talking when it resolves. */
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
