import { expect, test } from 'vitest'
import { createTestDatabase } from '../harness/servers/database.ts'
import { startGatewayProcess } from '../harness/servers/gateway-process.ts'
import { startSentinels, type TestSentinels } from '../harness/servers/redis-sentinel.ts'
import { type Crowd, startCrowd } from './crowd.ts'

type Scene = Crowd & Readonly<{ redis: TestSentinels }>

/** Three gateways that find Redis through three sentinels, and users who send through them. */
async function startScene(): Promise<Scene> {
  await using resources = new AsyncDisposableStack()
  const database = resources.use(await createTestDatabase())
  const redis = resources.use(await startSentinels())
  const start = async () =>
    resources.use(await startGatewayProcess({ databaseUrl: database.url, redisUrl: redis.url }))
  const gateways = await Promise.all([start(), start(), start()])
  const urls = gateways.map(({ url }) => url)
  const crowd = resources.use(await startCrowd({ urls, databaseUrl: database.url, gateways }))
  const kept = resources.move()
  return { ...crowd, redis, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

/** The gateways that subscribe on this server. */
async function subscribers({ redis }: Scene, index: 0 | 1): Promise<number> {
  return ((await redis.servers[index].command('pubsub', 'channels', 'gateway:*')) as unknown[]).length
}

test('loses nothing when sentinels replace a dead primary, twice', { timeout: 120_000 }, async () => {
  await using scene = await startScene()
  const { servers, waitForPrimary, waitForReplica } = scene.redis
  for (const [dead, next] of [
    [0, 1],
    [1, 0],
  ] as const) {
    await servers[dead].kill()
    const before = scene.acknowledgedCount()
    await scene.healed(5_000)
    expect(scene.acknowledgedCount()).toBeGreaterThan(before)
    await waitForPrimary(servers[next])
    await scene.healed(5_000)
    await expect.poll(() => subscribers(scene, next)).toBe(3)
    await servers[dead].start()
    await waitForReplica(servers[dead])
    await scene.healed(5_000)
  }
  await scene.verify('sentinels replaced the primary, twice')
})

test('leaves a primary that hung and was replaced', { timeout: 120_000 }, async () => {
  await using scene = await startScene()
  const { servers, waitForPrimary, waitForReplica } = scene.redis
  const [old, next] = servers
  old.pause()
  await waitForPrimary(next)
  await scene.healed(5_000)
  old.resume()
  await waitForReplica(old)
  await scene.healed(5_000)
  expect(await subscribers(scene, 1)).toBe(3)
  expect(await subscribers(scene, 0)).toBe(0)
  await scene.verify('sentinels replaced a primary that hung')
})

test('finds the primary while one sentinel is dead and another one hangs', { timeout: 120_000 }, async () => {
  await using scene = await startScene()
  const { servers, sentinels } = scene.redis
  await sentinels[0]?.end('SIGKILL')
  sentinels[1]?.signal('SIGSTOP')
  await servers[0].kill()
  await servers[0].start()
  await scene.healed(8_000)
  await expect.poll(() => subscribers(scene, 0)).toBe(3)
  await scene.verify('one sentinel dead, one hanging')
})
