import { expect, test } from 'vitest'
import { createTestDatabase } from '../harness/servers/database.ts'
import { startParley } from '../harness/servers/parley.ts'
import { freePort } from '../harness/network/free-port.ts'
import { startRedis } from '../harness/servers/redis.ts'
import { startRedisCluster } from '../harness/servers/redis-cluster.ts'
import { startTcpProxy } from '../harness/network/tcp-proxy.ts'

type Options = Readonly<{ databaseUrl?: string; redisUrls?: readonly string[] }>

/** A gateway, with what its admin port reports. */
async function startGateway(options: Options) {
  const admin = { host: '127.0.0.1', port: await freePort() }
  const gateway = await startParley({ ...options, config: { admin } })
  const origin = `http://${admin.host}:${admin.port}`
  return {
    async readiness(): Promise<unknown> {
      const response = await fetch(`${origin}/health/ready`)
      return [response.status, await response.json()]
    },
    /** The value of a gauge. Undefined if there is no such gauge. */
    async gauge(name: string): Promise<number | undefined> {
      const page = await (await fetch(`${origin}/metrics`)).text()
      const [, value] = new RegExp(`^${name} (\\S+)$`, 'm').exec(page) ?? []
      return value === undefined ? undefined : Number(value)
    },
    [Symbol.asyncDispose]: () => gateway[Symbol.asyncDispose](),
  }
}

/** Longer than the deadline of Redis and the next heartbeat. */
const SOON = { timeout: 8_000, interval: 100 }

/** The warning about a database without a standby. */
const ALONE = {
  replication: 'There is no standby: if this server is lost, everything since the last backup is lost.',
}

const whole = { database: 'ok', redis: 'ok' }
const withoutRedis = { database: 'ok', redis: 'slow or failing' }

test('reports that Redis is away, and stays ready', async () => {
  await using redis = await startRedis()
  await using gateway = await startGateway({ redisUrls: [redis.url] })
  expect(await gateway.gauge('parley_redis_up')).toBe(1)
  await redis.kill()
  await expect.poll(() => gateway.gauge('parley_redis_up'), SOON).toBe(0)
  expect(await gateway.readiness()).toEqual([200, { status: 'ready', checks: withoutRedis, warnings: ALONE }])
  await redis.start()
  await expect.poll(() => gateway.gauge('parley_redis_up'), SOON).toBe(1)
  expect(await gateway.readiness()).toEqual([200, { status: 'ready', checks: whole, warnings: ALONE }])
})

test('reports a Redis that hangs as away, while its connections are open', async () => {
  await using redis = await startRedis()
  await using gateway = await startGateway({ redisUrls: [redis.url] })
  redis.pause()
  await expect.poll(() => gateway.gauge('parley_redis_up'), SOON).toBe(0)
  redis.resume()
  await expect.poll(() => gateway.gauge('parley_redis_up'), SOON).toBe(1)
})

test('reports a Redis Cluster as away while the node with the leases is dead', async () => {
  await using cluster = await startRedisCluster()
  await using gateway = await startGateway({ redisUrls: cluster.urls })
  expect(await gateway.gauge('parley_redis_up')).toBe(1)
  const slot = Number(await cluster.nodes[0]?.command('cluster', 'keyslot', 'parley:{gateways}'))
  const holder = Math.floor((slot * cluster.nodes.length) / 16_384)
  await cluster.killNode(holder)
  await expect.poll(() => gateway.gauge('parley_redis_up'), SOON).toBe(0)
  await cluster.startNode(holder)
  await expect.poll(() => gateway.gauge('parley_redis_up'), SOON).toBe(1)
})

test('reports that the database is away, and is not ready', async () => {
  await using database = await createTestDatabase()
  await using proxy = await startTcpProxy(database.url)
  await using redis = await startRedis()
  await using gateway = await startGateway({ databaseUrl: proxy.url, redisUrls: [redis.url] })
  expect(await gateway.gauge('parley_database_up')).toBe(1)
  proxy.cut()
  await expect.poll(() => gateway.gauge('parley_database_up'), SOON).toBe(0)
  const checks = { database: 'slow or failing', redis: 'ok' }
  const warnings = { replication: 'No server accepts writes at present.' }
  expect(await gateway.readiness()).toEqual([503, { status: 'failing', checks, warnings }])
  proxy.restore()
  await expect.poll(() => gateway.gauge('parley_database_up'), SOON).toBe(1)
})

test('reports nothing about Redis if none is configured', async () => {
  await using gateway = await startGateway({})
  expect(await gateway.gauge('parley_redis_up')).toBeUndefined()
  expect(await gateway.readiness()).toEqual([
    200,
    { status: 'ready', checks: { database: 'ok' }, warnings: ALONE },
  ])
})
