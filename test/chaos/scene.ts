import { countRepeats, expectClean } from '../harness/checker.ts'
import { provideDatabase } from '../harness/database.ts'
import { type GatewayProcess, startGatewayProcess } from '../harness/gateway-process.ts'
import { type Load, startLoad } from '../harness/load.ts'
import { provideRedis, type TestRedis } from '../harness/redis.ts'
import { startTcpProxy, type TcpProxy } from '../harness/tcp-proxy.ts'

/** Gateways in processes of their own, people who talk over them, and everything that can be broken. */
export type Scene = AsyncDisposable &
  Readonly<{
    gateways: readonly GatewayProcess[]
    redis: TestRedis
    /** Between the first gateway and Redis; the others have it directly. */
    toRedis: TcpProxy
    /** Between the first gateway and Postgres. */
    toPostgres: TcpProxy
    load: Load
    /** How many sends were acknowledged so far. */
    acknowledgedCount(): number
    /**
     * The fault is over: says one thing more in each chat, waits until everybody has everything, and notes how long
     * that took. Fails when somebody lacks something `timeoutMs` after the last of it was acknowledged.
     */
    healed(timeoutMs?: number): Promise<void>
    /** Drains, prints what it took, and fails if anything is wrong with what was recorded. */
    verify(name: string): Promise<void>
  }>

/** From the end of a fault until everybody had everything, and the part of it after the last acknowledgement. */
type Healing = Readonly<{ wholeMs: number; waitMs: number }>

function slowest(healings: readonly Healing[]): string {
  const most = (times: readonly number[]): number => Math.round(Math.max(...times))
  if (healings.length === 0) return 'nothing to heal'
  const waits = most(healings.map(({ waitMs }) => waitMs))
  return `slowest healing ${most(healings.map(({ wholeMs }) => wholeMs))} ms, longest wait for a device ${waits} ms`
}

/** Starts `count` gateways; people are talking when it resolves. */
export async function startScene(count: number): Promise<Scene> {
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
  const load = resources.use(await startLoad({ urls, databaseUrl: database.url }))
  load.speak()
  await load.heal()
  const healings: Healing[] = []

  const writerOf = (chat: string): string => load.recorder.members.get(chat)?.[0]?.replace('user_', '') ?? ''
  const acknowledgedCount = (): number =>
    load.recorder.sends.filter(({ outcome }) => outcome.type === 'ok').length

  async function healed(timeoutMs?: number): Promise<void> {
    const from = performance.now()
    try {
      await Promise.all(load.chats.map((chat) => load.send(writerOf(chat), chat)))
      const waitMs = await load.heal(timeoutMs)
      healings.push({ wholeMs: performance.now() - from, waitMs })
    } catch (error) {
      const log = gateways.flatMap((gateway) => gateway.log.slice(-10))
      throw new Error(`Not everybody has everything. The gateways said:\n${log.join('\n')}`, { cause: error })
    }
  }

  async function verify(name: string): Promise<void> {
    await load.drain()
    const { sends, deliveries, devices } = load.recorder
    const interruptions = load.devices.reduce((sum, device) => sum + device.interruptions.length, 0)
    process.stdout.write(
      `${name}: ${slowest(healings)}; ${sends.length} sends, ${deliveries.length} deliveries to ${devices.size} devices, ` +
        `${countRepeats(load.recorder)} of them again, ${interruptions} interruptions\n`,
    )
    expectClean(load.recorder)
  }

  const kept = resources.move()
  const dispose = (): Promise<void> => kept.disposeAsync()
  return {
    gateways,
    redis,
    toRedis,
    toPostgres,
    load,
    acknowledgedCount,
    healed,
    verify,
    [Symbol.asyncDispose]: dispose,
  }
}
