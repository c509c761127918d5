import { expect, inject, test } from 'vitest'
import { startCluster } from '../../harness/cluster.ts'
import { provideRedis } from '../../harness/redis.ts'
import { parley } from '../../unit/cli/terminal.ts'

/** The usual ones may be in use where the tests run. */
const ANY_PORT = { PORT: '0', ADMIN_PORT: 'off' }

test('the doctor finds Redis well, and nobody on it', async () => {
  await using redis = await provideRedis()
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

test('the doctor warns of a Redis that drops keys when its memory is full', async () => {
  await using redis = await provideRedis(['--maxmemory-policy', 'allkeys-lru'])
  const { code, printed } = await parley(['doctor'], {
    ...ANY_PORT,
    DATABASE_URL: inject('postgresUrl'),
    REDIS_URL: redis.url,
  })
  expect(code).toBe(0)
  expect(printed).toContain('! Redis drops keys to make room when its memory is full (allkeys-lru)')
})

test('a Redis that is not there is told with advice, without its password, and the exit code is 1', async () => {
  const { code, printed } = await parley(['doctor'], {
    ...ANY_PORT,
    DATABASE_URL: inject('postgresUrl'),
    REDIS_URL: 'redis://:hush@127.0.0.1:1',
  })
  expect(code).toBe(1)
  expect(printed).toContain("✗ Redis can't be used")
  expect(printed).not.toContain('hush')
})

test('the doctor lists the gateways that run, with how many people are on each', async () => {
  await using cluster = await startCluster(2)
  const { printed } = await parley(['doctor'], {
    ...ANY_PORT,
    DATABASE_URL: inject('postgresUrl'),
    REDIS_URL: cluster.redis.url,
  })
  expect(printed).toMatch(/✓ 2 gateways are running: \S+ \(0 people\), \S+ \(0 people\)/)
})
