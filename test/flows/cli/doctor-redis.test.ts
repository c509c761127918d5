import { expect, inject, test } from 'vitest'
import { createTestDatabase } from '../../harness/servers/database.ts'
import { startParley } from '../../harness/servers/parley.ts'
import { startRedisCluster } from '../../harness/servers/redis-cluster.ts'
import { startSentinels } from '../../harness/servers/redis-sentinel.ts'
import { startRedis } from '../../harness/servers/redis.ts'
import { parley } from '../../unit/cli/terminal.ts'

/** The default ports may be in use on this machine. */
const ANY_PORT = { PORT: '0', ADMIN_PORT: 'off' }

test('the doctor accepts a Redis without gateways', async () => {
  await using redis = await startRedis()
  const { code, printed } = await parley(['doctor'], {
    ...ANY_PORT,
    DATABASE_URL: inject('postgresUrl'),
    REDIS_URL: redis.url,
  })
  expect(code).toBe(0)
  expect(printed).toContain('✓ Redis can be reached')
  expect(printed).toMatch(/✓ Redis \d/)
  expect(printed).toContain('✓ no gateway is running on this Redis')
})

test('the doctor warns of a Redis that evicts keys when its memory is full', async () => {
  await using redis = await startRedis(['--maxmemory-policy', 'allkeys-lru'])
  const { code, printed } = await parley(['doctor'], {
    ...ANY_PORT,
    DATABASE_URL: inject('postgresUrl'),
    REDIS_URL: redis.url,
  })
  expect(code).toBe(0)
  expect(printed).toContain('! Redis evicts keys when its memory is full (allkeys-lru)')
})

test('the doctor reports an unreachable Redis with a hint and without its password, and exits with 1', async () => {
  const { code, printed } = await parley(['doctor'], {
    ...ANY_PORT,
    DATABASE_URL: inject('postgresUrl'),
    REDIS_URL: 'redis://:hush@127.0.0.1:1',
  })
  expect(code).toBe(1)
  expect(printed).toContain("✗ Redis can't be used")
  expect(printed).not.toContain('hush')
})

/** Starts two gateways, two users on the first, one of them with two devices, and expects the doctor to list them. */
async function expectListed(redisUrls: readonly string[]): Promise<void> {
  await using database = await createTestDatabase()
  const start = (gatewayId: string) => startParley({ databaseUrl: database.url, redisUrls, gatewayId })
  await using west = await start('west')
  await using _east = await start('east')
  const [alice, bob] = [await west.person('alice'), await west.person('bob')]
  const streams = [alice.inbox('phone'), alice.inbox('laptop'), bob.inbox('phone')]
  await Promise.all(streams.map((stream) => stream.caughtUp()))
  const env = { DATABASE_URL: database.url, REDIS_URL: redisUrls.join(','), ...ANY_PORT }
  const printed = async (): Promise<string> => (await parley(['doctor'], env)).printed
  // Gateways report their numbers once a second.
  await expect
    .poll(printed, { timeout: 10_000 })
    .toContain('✓ 2 gateways are running: east (0 users), west (2 users)')
  for (const stream of streams) stream.close()
}

test('the doctor lists the running gateways, with the number of users on each', async () => {
  await using redis = await startRedis()
  await expectListed([redis.url])
})

test('the doctor lists the gateways of a Redis Cluster as well', async () => {
  await using cluster = await startRedisCluster()
  await expectListed(cluster.urls)
})

test('the doctor lists the gateways behind sentinels, and names the primary and sentinels that do not answer', async () => {
  await using redis = await startSentinels()
  await expectListed([redis.url])
  await redis.sentinels[0]?.end('SIGKILL')
  const env = { DATABASE_URL: inject('postgresUrl'), REDIS_URL: redis.url, ...ANY_PORT }
  const { code, printed } = await parley(['doctor'], env)
  expect(code).toBe(0)
  expect(printed).toContain(`✓ the sentinels name 127.0.0.1:${redis.servers[0].port} as the primary`)
  expect(printed).toContain('! 1 of 3 sentinels do not know the primary')
})
