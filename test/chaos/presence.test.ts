import { expect, test } from 'vitest'
import { pause } from '../../src/lib/async.ts'
import { ALL_SHARDS, shardKeys } from '../../src/presence/store/redis-presence-keys.ts'
import { startCluster, type TestCluster } from '../harness/servers/cluster.ts'
import { createTestDatabase } from '../harness/servers/database.ts'
import { type GatewayProcess, startGatewayProcess } from '../harness/servers/gateway-process.ts'
import type { PresenceRule } from '../harness/checkers/presence-checker.ts'
import { startRedis } from '../harness/servers/redis.ts'
import { expectRight, PresenceCrowd } from './presence-crowd.ts'

/** The promise is one second. The other second is for the machine, which starts and kills gateways meanwhile. */
const WINDOW = { windowMs: 20_000, toleranceMs: 2_000 }
/** The time after a fault within which gateways detect it and replay all writes. */
const HEAL_MS = 5_000
/** For how long after its start a store is unsure about users who are not online. */
const UNSURE_MS = 2_500

test.concurrent(
  'users are online for twenty seconds after activity, while gateways die and Redis loses data, dies and returns',
  { timeout: 120_000 },
  async () => {
    await using resources = new AsyncDisposableStack()
    const database = resources.use(await createTestDatabase())
    const redis = resources.use(await startRedis())
    // An overloaded gateway would show all users as unknown, which is right and proves nothing here.
    const options = { databaseUrl: database.url, redisUrl: redis.url, serviceLevels: 'manual' } as const
    const start = async (): Promise<GatewayProcess> => resources.use(await startGatewayProcess(options))
    const gateways = [await start(), await start(), await start()] as const
    await pause(UNSURE_MS)
    const crowd = resources.use(await PresenceCrowd.start(gateways, ['once', 'again', 'busy', 'never']))
    const over = new AbortController()
    const apps = crowd.idle('never', over.signal)
    const startedAt = performance.now()
    const at = (second: number): Promise<void> =>
      pause(Math.max(0, startedAt + second * 1_000 - performance.now()))
    const restart = async (gateway: GatewayProcess): Promise<void> => {
      await gateway.kill()
      await gateway.start()
    }
    const keepBusy = async (until: number): Promise<void> => {
      for (let turn = 0; performance.now() < startedAt + until * 1_000; turn += 1) {
        await crowd.act('busy', turn)
        await pause(500)
      }
    }

    const busy = keepBusy(11)
    await Promise.all([crowd.act('once', 1), crowd.act('again', 2)])
    await at(2)
    await crowd.during(() => restart(gateways[0]), HEAL_MS)
    await at(5)
    await crowd.act('again', 2)
    await at(6)
    await crowd.during(() => redis.flush(), HEAL_MS)
    await at(8)
    await crowd.during(async () => {
      await redis.kill()
      await pause(2_000)
      await redis.start()
    }, HEAL_MS)
    await busy
    await at(13)
    await crowd.during(() => redis.flush(), HEAL_MS)
    // Not earlier: an activity is lost if both the store and the gateway that replays it are gone.
    await at(14)
    await crowd.during(() => restart(gateways[1]), HEAL_MS)
    await at(17)
    await crowd.during(() => restart(gateways[2]), HEAL_MS)
    await at(34)
    over.abort()
    await apps
    await crowd.queryAll()
    await expectRight(crowd, 'presence while gateways and Redis die', WINDOW)
  },
)

const SHORT = { windowMs: 3_000, toleranceMs: 1_000 }

/** Bob is active once, with a window of `windowMs`. The crowd watches until well after the promised window. */
async function rulesBrokenBy(windowMs: number): Promise<ReadonlySet<PresenceRule>> {
  await using cluster = await startCluster(2, { overrides: { presence: { windowMs } } })
  await pause(UNSURE_MS)
  await using crowd = await PresenceCrowd.start(cluster.gateways, ['bob'])
  await crowd.act('bob', 1)
  await pause(1_500)
  await crowd.queryAll()
  await pause(SHORT.windowMs)
  return new Set((await crowd.findings(SHORT)).map(({ rule }) => rule))
}

test.concurrent('the checker detects a window that is longer or shorter than promised', async () => {
  const windows = [SHORT.windowMs, 8_000, 200]
  expect(await Promise.all(windows.map(rulesBrokenBy))).toEqual([
    new Set(),
    new Set(['online for too long']),
    new Set(['offline in spite of activity']),
  ])
})

test.concurrent('the checker detects that requests of an app counted as activity', async () => {
  await using cluster = await startCluster(1)
  await pause(UNSURE_MS)
  await using crowd = await PresenceCrowd.start(cluster.gateways, ['bob'])
  const [gateway] = cluster.gateways
  const bob = await gateway?.person('bob')
  await bob?.run('mutation { heartbeat(input: { userActivity: true }) { presence { online } } }')
  await crowd.queryAll()
  const rules = (await crowd.findings(WINDOW)).map(({ rule }) => rule)
  expect(new Set(rules)).toEqual(new Set(['online without activity', 'last seen without activity']))
})

/** Gives all sweep leases to a gateway that does not exist. */
async function holdLeases({ redis }: TestCluster): Promise<void> {
  for (const shard of ALL_SHARDS) {
    await redis.command('hset', shardKeys.clock(shard), 'sweeper', 'no-gateway', 'until', '9000000000000000')
  }
}

test.concurrent('the checker detects that no gateway sweeps, and that all users are unknown', async () => {
  const { windowMs } = SHORT
  let isPaused = false
  const presence = { windowMs, isPaused: () => isPaused }
  await using cluster = await startCluster(1, { overrides: { presence } })
  await pause(UNSURE_MS)
  await using crowd = await PresenceCrowd.start(cluster.gateways, ['bob'])
  await holdLeases(cluster)
  await crowd.act('bob', 0)
  await pause(windowMs + SHORT.toleranceMs + 500)
  isPaused = true
  await pause(500)
  const rules = (await crowd.findings(SHORT)).map(({ rule }) => rule)
  expect(new Set(rules)).toEqual(new Set(['online for too long', 'unknown without a fault']))
})
