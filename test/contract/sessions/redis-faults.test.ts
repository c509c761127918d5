import { expect, test } from 'vitest'
import type { GatewayId, UserId } from '../../../src/ids.ts'
import { alice, bob, carol, range } from '../../harness/fixtures/chat-events.ts'
import { startRedis } from '../../harness/servers/redis.ts'
import { startTcpProxy } from '../../harness/network/tcp-proxy.ts'
import { settled, type RegistryEnd, startRegistryEnd } from './redis-registries.ts'
import { until } from './session-registry-contract.ts'

const [east, west] = ['east', 'west'] as [GatewayId, GatewayId]
const users = range(1, 3_000).map((number) => `user ${number}`) as UserId[]

// Each test has its own Redis and mostly waits for leases to end, so they run concurrently.
test.concurrent(
  'a dead gateway and its users are not found after seven seconds, and the others are notified',
  async () => {
    await using redis = await startRedis()
    await using here = await startRegistryEnd([redis.url], east)
    await using there = await startRegistryEnd([redis.url], west)
    await Promise.all([
      here.registry.register(alice),
      there.registry.register(alice),
      there.registry.register(bob),
    ])
    await there.vanish()
    const diedAt = performance.now()
    expect(await here.registry.gatewaysOf([bob])).toEqual(new Set([west]))
    await here.notifications.match((notification) => notification === west)
    expect(performance.now() - diedAt).toBeLessThan(7_000)
    expect(await here.registry.others()).toEqual([])
    expect(await here.registry.gatewaysOf([bob])).toEqual(new Set())
    // Its registration of alice is removed when her registration here is extended.
    const key = await keyOf(redis.command, alice)
    await until(async () => membersOf(await redis.command('smembers', key)).length === 1)
  },
)

test.concurrent('a gateway that closes in order is not reported as gone', async () => {
  await using redis = await startRedis()
  await using here = await startRegistryEnd([redis.url], east)
  await using there = await startRegistryEnd([redis.url], west)
  await there.registry.register(bob)
  await until(async () => here.registry.hasOthers())
  await there.registry.close()
  expect(await redis.command('keys', 'parley:sessions:*')).toEqual([])
  await until(async () => (await redis.command('zcard', 'parley:{gateways}')) === 1)
  await until(async () => !here.registry.hasOthers())
  expect(here.notifications.all).not.toContain(west)
})

test.concurrent(
  'registers all users again within two seconds after Redis is emptied, and asks for a resync',
  async () => {
    await using redis = await startRedis()
    await using here = await startRegistryEnd([redis.url], east)
    await using there = await startRegistryEnd([redis.url], west)
    await registerAll(there)
    await settled(there)
    await redis.flush()
    const emptiedAt = performance.now()
    await there.notifications.match((notification) => notification === 'reregistered')
    expect(performance.now() - emptiedAt).toBeLessThan(2_000)
    expect(await countRegistered(here)).toBe(users.length)
  },
)

test.concurrent('registers all users again after Redis restarts empty, and asks for a resync', async () => {
  await using redis = await startRedis()
  await using here = await startRegistryEnd([redis.url], east)
  await using there = await startRegistryEnd([redis.url], west)
  await registerAll(there)
  await settled(there)
  await redis.kill()
  await there.notifications.match((notification) => notification === 'unreachable')
  await expect(here.registry.gatewaysOf([bob])).rejects.toThrow()
  await expect(here.registry.others()).rejects.toThrow()
  expect(here.registry.hasOthers()).toBe(true)
  // Users register and unregister meanwhile.
  await there.registry.register(bob)
  there.registry.unregister('user 1' as UserId)
  await redis.start()
  await there.notifications.match((notification) => notification === 'reregistered')
  await connected(here)
  expect(await countRegistered(here)).toBe(users.length - 1)
  expect(await here.registry.gatewaysOf([bob])).toEqual(new Set([west]))
})

test.concurrent('keeps its deadlines while Redis hangs, and recovers afterwards', async () => {
  await using redis = await startRedis()
  await using here = await startRegistryEnd([redis.url], east)
  await using there = await startRegistryEnd([redis.url], west)
  await there.registry.register(bob)
  redis.pause()
  const [registering, lookingUp] = await Promise.all([
    duration(there.registry.register(carol)),
    duration(
      here.registry.gatewaysOf([bob]).then(
        () => Promise.reject(new Error('answered')),
        () => undefined,
      ),
    ),
  ])
  // A registration waits half a second, an answer two seconds.
  expect(registering).toBeLessThan(1_500)
  expect(lookingUp).toBeLessThan(2_300)
  await there.notifications.match((notification) => notification === 'unreachable')
  redis.resume()
  await there.notifications.match((notification) => notification === 'reregistered')
  await connected(here)
  expect(await here.registry.gatewaysOf([carol])).toEqual(new Set([west]))
  expect(await here.registry.gatewaysOf([bob])).toEqual(new Set([west]))
})

test.concurrent(
  'a gateway that was disconnected for longer than its lease gets a new one and registers all users',
  async () => {
    await using redis = await startRedis()
    await using proxy = await startTcpProxy(redis.url)
    await using here = await startRegistryEnd([redis.url], east)
    await using there = await startRegistryEnd([proxy.url], west)
    await there.registry.register(bob)
    await settled(there)
    await until(async () => here.registry.hasOthers())
    proxy.blackhole()
    await here.notifications.match((notification) => notification === west)
    expect(await here.registry.gatewaysOf([bob])).toEqual(new Set())
    proxy.restore()
    await there.notifications.match((notification) => notification === 'reregistered')
    expect(await here.registry.gatewaysOf([bob])).toEqual(new Set([west]))
    expect(await here.registry.others()).toEqual([west])
  },
)

test.concurrent('a gateway that starts while Redis is away joins as soon as it is there', async () => {
  await using redis = await startRedis()
  await using here = await startRegistryEnd([redis.url], east)
  await redis.kill()
  await using there = await startRegistryEnd([redis.url], west)
  await there.registry.register(bob)
  await redis.start()
  await there.notifications.match((notification) => notification === 'reregistered')
  await connected(here)
  expect(await here.registry.gatewaysOf([bob])).toEqual(new Set([west]))
})

test.concurrent(
  'asks for a resync half a second after joining a gateway that may have relied on being alone',
  async () => {
    await using redis = await startRedis()
    await using here = await startRegistryEnd([redis.url], east)
    expect(here.registry.hasOthers()).toBe(false)
    await using there = await startRegistryEnd([redis.url], west)
    await there.registry.register(bob)
    await there.notifications.match((notification) => notification === 'reregistered')
    expect(here.registry.hasOthers()).toBe(true)
  },
)

test.concurrent('extends registrations for as long as the gateway lives', async () => {
  await using redis = await startRedis()
  await using here = await startRegistryEnd([redis.url], east)
  await here.registry.register(bob)
  const key = await keyOf(redis.command, bob)
  await redis.command('expire', key, '5')
  await until(async () => Number(await redis.command('ttl', key)) > 500)
})

test.concurrent('garbage in Redis affects only its own key', async () => {
  await using redis = await startRedis()
  await using here = await startRegistryEnd([redis.url], east)
  await using there = await startRegistryEnd([redis.url], west)
  await Promise.all([there.registry.register(bob), there.registry.register(carol)])
  for (const text of ['', 'west', '/', 'x/1', '\0/99999999999999999999']) {
    await redis.command('sadd', await keyOf(redis.command, bob), text)
  }
  expect(await here.registry.gatewaysOf([bob])).toContain(west)
  await redis.command('set', await keyOf(redis.command, carol), 'not a set')
  await expect(here.registry.gatewaysOf([carol])).rejects.toThrow('WRONGTYPE')
  await there.registry.register(alice)
  expect(await here.registry.gatewaysOf([alice])).toEqual(new Set([west]))
})

test.concurrent('lists the gateways with their numbers of users', async () => {
  await using redis = await startRedis()
  await using here = await startRegistryEnd([redis.url], east)
  await using there = await startRegistryEnd([redis.url], west)
  await Promise.all([
    here.registry.register(alice),
    there.registry.register(alice),
    there.registry.register(bob),
  ])
  await until(async () => {
    const counts = (await here.registry.list()).map(({ gatewayId, sessions }) => `${gatewayId}: ${sessions}`)
    return counts.sort().join() === 'east: 1,west: 2'
  })
})

async function registerAll({ registry }: RegistryEnd): Promise<void> {
  await Promise.all(users.map((userId) => registry.register(userId)))
}

/** Resolves when this gateway has reconnected: each does so by itself. */
async function connected({ connection }: RegistryEnd): Promise<void> {
  await until(async () => connection.status() === 'up')
}

async function countRegistered({ registry }: RegistryEnd): Promise<number> {
  const found = await Promise.all(users.map((userId) => registry.gatewaysOf([userId])))
  return found.filter((gateways) => gateways.has(west)).length
}

async function duration(work: Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work
  return performance.now() - startedAt
}

async function keyOf(
  command: (...args: [string, ...string[]]) => Promise<unknown>,
  userId: UserId,
): Promise<string> {
  const [key = ''] = membersOf(await command('keys', `parley:sessions:*:${userId}`))
  return key
}

function membersOf(answer: unknown): readonly string[] {
  return Array.isArray(answer) ? answer.map(String) : []
}
