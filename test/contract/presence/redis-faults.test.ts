import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { connectRedis } from '../../../src/redis/redis-connection.ts'
import type { GatewayId } from '../../../src/ids.ts'
import type { PresenceStore } from '../../../src/presence/store/presence-store.ts'
import { shardKeys, shardOf } from '../../../src/presence/store/redis-presence-keys.ts'
import { createRedisPresenceStore } from '../../../src/presence/store/redis-presence-store.ts'
import { captureLog } from '../../harness/fixtures/captured-log.ts'
import { alice, bob } from '../../harness/fixtures/chat-events.ts'
import { startRedis, type TestRedis } from '../../harness/servers/redis.ts'
import { until } from '../sessions/session-registry-contract.ts'
import { east, idsOf, record, west, WINDOW_MS } from './presence-store-contract.ts'

/** A Redis server, and the stores of two gateways. */
async function world(): Promise<{ redis: TestRedis; stores: PresenceStore[] } & AsyncDisposable> {
  const resources = new AsyncDisposableStack()
  const redis = resources.use(await startRedis())
  const add = async (gatewayId: GatewayId): Promise<PresenceStore> => {
    const connection = connectRedis({ urls: [redis.url], name: gatewayId, logger: captureLog().logger })
    resources.defer(() => connection.close())
    await connection.start()
    return createRedisPresenceStore({ connection, gatewayId, windowMs: WINDOW_MS })
  }
  const stores = [await add(east), await add(west)]
  return { redis, stores, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}

/** Moves all stored times ahead by an hour, as if the server's clock had been set back by an hour. */
async function setClockBack(redis: TestRedis): Promise<void> {
  const hour = 3_600_000
  const shard = shardOf(alice)
  const [clock, online, seen] = [shardKeys.clock(shard), shardKeys.online(shard), shardKeys.seen(shard)]
  await redis.command('hincrby', clock, 'now', `${hour * 1_000}`)
  await redis.command('hincrby', clock, 'born', `${hour * 1_000}`)
  await redis.command('zincrby', online, `${hour * 1_000}`, alice)
  await redis.command('hincrby', seen, alice, `${hour}`)
}

test('when the gateway that sweeps dies, another one returns expired users within a second', async () => {
  await using it = await world()
  const [here, there] = it.stores as [PresenceStore, PresenceStore]
  await here.sweep()
  await here.recordActivity([{ userId: alice, agoMs: WINDOW_MS - 5 }])
  const startedAt = performance.now()
  await until(async () => idsOf((await there.sweep()).expired).includes(alice))
  const tookMs = performance.now() - startedAt
  expect(tookMs).toBeGreaterThan(300)
  expect(tookMs).toBeLessThan(1_000)
})

test('a clock that is set back by an hour extends no window, and moves no lastSeenAt back', async () => {
  await using it = await world()
  const [here] = it.stores as [PresenceStore]
  await record(here, alice)
  const startedAt = performance.now()
  await setClockBack(it.redis)
  const [ahead] = await here.lookUp([alice])
  expect(ahead).toMatchObject({ online: true })
  await here.sweep()
  await until(async () => {
    await here.sweep()
    return (await here.lookUp([alice]))[0]?.online === false
  })
  expect(performance.now() - startedAt).toBeLessThan(WINDOW_MS + 300)
  expect(idsOf(await record(here, alice))).toEqual([alice])
  expect(await here.lookUp([alice])).toMatchObject([{ online: true, lastSeenAt: ahead?.lastSeenAt }])
})

test('after Redis lost its data every gateway learns it once, and no user is called offline', async () => {
  await using it = await world()
  const [here, there] = it.stores as [PresenceStore, PresenceStore]
  await record(here, alice)
  expect((await here.sweep()).hasLostState).toBe(false)
  expect((await there.sweep()).hasLostState).toBe(false)
  await it.redis.flush()
  expect(await there.lookUp([alice])).toMatchObject([{ online: null }])
  await record(there, alice)
  for (const store of it.stores) {
    expect((await store.sweep()).hasLostState).toBe(true)
    expect((await store.sweep()).hasLostState).toBe(false)
  }
  const known = new Map((await there.lookUp([alice, bob])).map(({ userId, online }) => [userId, online]))
  expect(known.get(alice)).toBe(true)
  expect(known.get(bob)).toBe(null)
})

test('a Redis that lost its scripts works on', async () => {
  await using it = await world()
  const [here] = it.stores as [PresenceStore]
  await record(here, alice)
  await it.redis.command('script', 'flush')
  expect(await record(here, alice)).toEqual([])
  expect(idsOf(await record(here, bob))).toEqual([bob])
  await it.redis.command('script', 'flush', 'sync')
  expect(await here.lookUp([alice])).toMatchObject([{ online: true }])
  expect((await here.sweep()).hasLostState).toBe(false)
})

test('while Redis is down every call rejects at once, and works again when it is back', async () => {
  await using it = await world()
  const [here] = it.stores as [PresenceStore]
  await record(here, alice)
  await here.sweep()
  await it.redis.kill()
  await delay(50)
  const startedAt = performance.now()
  const attempts = [record(here, alice), here.lookUp([alice]), here.sweep(), here.watch([bob])]
  for (const attempt of await Promise.allSettled(attempts)) expect(attempt.status).toBe('rejected')
  expect(performance.now() - startedAt).toBeLessThan(1_000)
  await it.redis.start()
  await until(async () => (await here.sweep().catch(() => undefined))?.hasLostState === true)
  expect(idsOf(await record(here, alice))).toEqual([alice])
})
