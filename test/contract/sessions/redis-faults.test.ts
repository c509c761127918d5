import { expect, test } from 'vitest'
import type { GatewayId, UserId } from '../../../src/ids.ts'
import { alice, bob, carol, range } from '../../harness/fixtures/chat-events.ts'
import { startRedis } from '../../harness/servers/redis.ts'
import { startTcpProxy } from '../../harness/network/tcp-proxy.ts'
import { quiet, type RegistryEnd, startRegistryEnd } from './redis-registries.ts'
import { until } from './session-registry-contract.ts'

const [east, west] = ['east', 'west'] as [GatewayId, GatewayId]
const crowd = range(1, 3_000).map((number) => `somebody ${number}`) as UserId[]

// Each has a Redis of its own, and mostly waits for leases to end: so they wait together.
test.concurrent(
  'a gateway that dies is forgotten within seven seconds, with all who were there, and the others are told',
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
    await here.told.match((told) => told === west)
    expect(performance.now() - diedAt).toBeLessThan(7_000)
    expect(await here.registry.others()).toEqual([])
    expect(await here.registry.gatewaysOf([bob])).toEqual(new Set())
    // What it left behind about alice goes when her registration here is prolonged.
    const key = await keyOf(redis.command, alice)
    await until(async () => membersOf(await redis.command('smembers', key)).length === 1)
  },
)

test.concurrent('a gateway that leaves in order is no cause for alarm', async () => {
  await using redis = await startRedis()
  await using here = await startRegistryEnd([redis.url], east)
  await using there = await startRegistryEnd([redis.url], west)
  await there.registry.register(bob)
  await until(async () => here.registry.hasOthers())
  await there.registry.close()
  expect(await redis.command('keys', 'parley:sessions:*')).toEqual([])
  await until(async () => (await redis.command('zcard', 'parley:{gateways}')) === 1)
  await until(async () => !here.registry.hasOthers())
  expect(here.told.all).not.toContain(west)
})

test.concurrent(
  'when Redis is emptied, everybody is registered again within two seconds, and repair is called for',
  async () => {
    await using redis = await startRedis()
    await using here = await startRegistryEnd([redis.url], east)
    await using there = await startRegistryEnd([redis.url], west)
    await attachAll(there)
    await quiet(there)
    await redis.flush()
    const emptiedAt = performance.now()
    await there.told.match((told) => told === 'lost')
    expect(performance.now() - emptiedAt).toBeLessThan(2_000)
    expect(await registeredOf(here)).toBe(crowd.length)
  },
)

test.concurrent(
  'when Redis dies and comes back empty, everybody is registered again, and repair is called for',
  async () => {
    await using redis = await startRedis()
    await using here = await startRegistryEnd([redis.url], east)
    await using there = await startRegistryEnd([redis.url], west)
    await attachAll(there)
    await quiet(there)
    await redis.kill()
    await there.told.match((told) => told === 'away')
    await expect(here.registry.gatewaysOf([bob])).rejects.toThrow()
    await expect(here.registry.others()).rejects.toThrow()
    expect(here.registry.hasOthers()).toBe(true)
    // Whoever comes and goes meanwhile does so.
    await there.registry.register(bob)
    there.registry.unregister('somebody 1' as UserId)
    await redis.start()
    await there.told.match((told) => told === 'lost')
    await connected(here)
    expect(await registeredOf(here)).toBe(crowd.length - 1)
    expect(await here.registry.gatewaysOf([bob])).toEqual(new Set([west]))
  },
)

test.concurrent(
  'while Redis hangs, nobody waits for longer than the deadlines, and afterwards all is well',
  async () => {
    await using redis = await startRedis()
    await using here = await startRegistryEnd([redis.url], east)
    await using there = await startRegistryEnd([redis.url], west)
    await there.registry.register(bob)
    redis.pause()
    const [attaching, asking] = await Promise.all([
      duration(there.registry.register(carol)),
      duration(
        here.registry.gatewaysOf([bob]).then(
          () => Promise.reject(new Error('answered')),
          () => undefined,
        ),
      ),
    ])
    // Half a second is waited for the others to know; for an answer, two.
    expect(attaching).toBeLessThan(1_500)
    expect(asking).toBeLessThan(2_300)
    await there.told.match((told) => told === 'away')
    redis.resume()
    await there.told.match((told) => told === 'lost')
    await connected(here)
    expect(await here.registry.gatewaysOf([carol])).toEqual(new Set([west]))
    expect(await here.registry.gatewaysOf([bob])).toEqual(new Set([west]))
  },
)

test.concurrent(
  'a gateway that was cut off for longer than its lease comes back under a new one, with everybody',
  async () => {
    await using redis = await startRedis()
    await using proxy = await startTcpProxy(redis.url)
    await using here = await startRegistryEnd([redis.url], east)
    await using there = await startRegistryEnd([proxy.url], west)
    await there.registry.register(bob)
    await quiet(there)
    await until(async () => here.registry.hasOthers())
    proxy.blackhole()
    await here.told.match((told) => told === west)
    expect(await here.registry.gatewaysOf([bob])).toEqual(new Set())
    proxy.restore()
    await there.told.match((told) => told === 'lost')
    expect(await here.registry.gatewaysOf([bob])).toEqual(new Set([west]))
    expect(await here.registry.others()).toEqual([west])
  },
)

test.concurrent('a gateway that starts while Redis is away takes part as soon as it is there', async () => {
  await using redis = await startRedis()
  await using here = await startRegistryEnd([redis.url], east)
  await redis.kill()
  await using there = await startRegistryEnd([redis.url], west)
  await there.registry.register(bob)
  await redis.start()
  await there.told.match((told) => told === 'lost')
  await connected(here)
  expect(await here.registry.gatewaysOf([bob])).toEqual(new Set([west]))
})

test.concurrent(
  'who came while another gateway may still have thought itself alone is repaired half a second later',
  async () => {
    await using redis = await startRedis()
    await using here = await startRegistryEnd([redis.url], east)
    expect(here.registry.hasOthers()).toBe(false)
    await using there = await startRegistryEnd([redis.url], west)
    await there.registry.register(bob)
    await there.told.match((told) => told === 'lost')
    expect(here.registry.hasOthers()).toBe(true)
  },
)

test.concurrent('registrations outlast their time to live as long as their gateway lives', async () => {
  await using redis = await startRedis()
  await using here = await startRegistryEnd([redis.url], east)
  await here.registry.register(bob)
  const key = await keyOf(redis.command, bob)
  await redis.command('expire', key, '5')
  await until(async () => Number(await redis.command('ttl', key)) > 500)
})

test.concurrent('garbage in Redis harms nobody else', async () => {
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

test.concurrent('the list of gateways says how many people each of them serves', async () => {
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

async function attachAll({ registry }: RegistryEnd): Promise<void> {
  await Promise.all(crowd.map((somebody) => registry.register(somebody)))
}

/** Each gateway is back in its own time. */
async function connected({ connection }: RegistryEnd): Promise<void> {
  await until(async () => connection.status() === 'up')
}

async function registeredOf({ registry }: RegistryEnd): Promise<number> {
  const found = await Promise.all(crowd.map((somebody) => registry.gatewaysOf([somebody])))
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
