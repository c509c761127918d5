import { test } from 'vitest'
import type { UserId } from '../../src/ids.ts'
import { pause } from '../../src/lib/async.ts'
import { WINDOW_MS } from '../../src/presence/store/presence-store.ts'
import { shardKeys, shardOf } from '../../src/presence/store/redis-presence-keys.ts'
import { createTestDatabase } from '../harness/servers/database.ts'
import { type GatewayProcess, startGatewayProcess } from '../harness/servers/gateway-process.ts'
import { startRedis, type TestRedis } from '../harness/servers/redis.ts'
import { expectRight, PresenceCrowd } from './presence-crowd.ts'

/** Concurrent, because the tests mostly wait for windows to end. */
const OPTIONS = { concurrent: true, timeout: 90_000 }
const WINDOW = { windowMs: WINDOW_MS, toleranceMs: 1_000 }
const HEAL_MS = 5_000
/** The time between the activities of two people, in milliseconds. Their windows end before and after each fault. */
const APART_MS = 150

type Scene = AsyncDisposable &
  Readonly<{
    crowd: PresenceCrowd
    redis: TestRedis
    gateways: ReadonlyMap<string, GatewayProcess>
    /** Resolves `ms` milliseconds after the start. */
    until(ms: number): Promise<void>
    /** From this moment on, brings people online one after the other. They are not active again. */
    come(names: readonly string[], ms: number): Promise<void>
  }>

async function startScene(count: number, names: readonly string[]): Promise<Scene> {
  await using resources = new AsyncDisposableStack()
  const database = resources.use(await createTestDatabase())
  const redis = resources.use(await startRedis())
  // An overloaded gateway would show all users as unknown, which is right and proves nothing here.
  const at = { databaseUrl: database.url, redisUrl: redis.url, serviceLevels: 'manual' } as const
  const launch = async (name: string) =>
    [name, resources.use(await startGatewayProcess({ ...at, name }))] as const
  const titles = Array.from({ length: count }, (_, index) => `gateway-${index}`)
  const gateways = new Map(await Promise.all(titles.map(launch)))
  // A new store is unsure of all users.
  await pause(2_500)
  const crowd = resources.use(await PresenceCrowd.start([...gateways.values()], names))
  const startedAt = performance.now()
  const until = (ms: number): Promise<void> => pause(Math.max(0, startedAt + ms - performance.now()))
  const come = async (some: readonly string[], ms: number): Promise<void> => {
    for (const [index, name] of some.entries()) {
      await until(ms + index * APART_MS)
      await crowd.act(name, index)
    }
  }
  const kept = resources.move()
  return { crowd, redis, gateways, until, come, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

function namesOf(kind: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${kind}-${index}`)
}

/** Keeps the person active, every four seconds until `ms`. */
async function keepActive({ crowd, until }: Scene, name: string, ms: number): Promise<void> {
  for (let at = 0; at < ms; at += 4_000) {
    await until(at)
    await crowd.act(name, at / 4_000)
  }
}

/** The gateway that sweeps this person at the moment. */
async function responsibleFor({ redis, gateways }: Scene, name: string): Promise<GatewayProcess> {
  const id = String(await redis.command('hget', shardKeys.clock(shardOf(name as UserId)), 'sweeper'))
  const gateway = gateways.get(id.replace(/-\d+$/, ''))
  if (gateway === undefined) throw new Error(`There is no gateway ${id}`)
  return gateway
}

test(
  'if the sweeping gateway is killed just before a window ends, another one publishes the edge in time',
  OPTIONS,
  async () => {
    const people = namesOf('bob', 16)
    await using scene = await startScene(3, [...people, 'carol', 'dave'])
    const { crowd, until } = scene
    const over = new AbortController()
    const [active, idling] = [keepActive(scene, 'carol', 26_000), crowd.idle('dave', over.signal)]
    await scene.come(people, 0)
    for (const victim of [2, 10]) {
      await until(victim * APART_MS + WINDOW_MS - 50)
      const gateway = await responsibleFor(scene, `bob-${victim}`)
      await gateway.kill()
      await crowd.queryAll()
    }
    await until(people.length * APART_MS + WINDOW_MS + 2_000)
    over.abort()
    await Promise.all([active, idling])
    await expectRight(crowd, 'presence while the responsible gateways die', WINDOW)
  },
)

test(
  'windows that end while Redis loses its data or is down leave no user online for too long',
  OPTIONS,
  async () => {
    const [bobs, erins] = [namesOf('bob', 16), namesOf('erin', 16)]
    await using scene = await startScene(2, [...bobs, ...erins, 'carol', 'dave'])
    const { crowd, redis, until } = scene
    const over = new AbortController()
    const [active, idling] = [keepActive(scene, 'carol', 32_000), crowd.idle('dave', over.signal)]
    await Promise.all([scene.come(bobs, 0), scene.come(erins, 7_000)])
    await until(16_000)
    await redis.command('script', 'flush')
    await until(WINDOW_MS + 8 * APART_MS)
    await crowd.during(() => redis.flush(), HEAL_MS)
    await crowd.queryAll()
    await until(7_000 + WINDOW_MS + 8 * APART_MS)
    await crowd.during(async () => {
      await redis.kill()
      await pause(1_500)
      await redis.start()
    }, HEAL_MS)
    await until(7_000 + WINDOW_MS + 16 * APART_MS + 4_500)
    await crowd.queryAll()
    over.abort()
    await Promise.all([active, idling])
    await expectRight(crowd, 'presence while Redis forgets and dies', WINDOW)
  },
)
