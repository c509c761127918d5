import { expect, test } from 'vitest'
import { createRedisClient } from '../../../src/redis/redis-client.ts'

test('one URL is a server, with its credentials, its database and encryption, if the scheme is upper case too', () => {
  const { type, client } = createRedisClient(['REDISS://alice:p%40ss@redis.example:7000/3'], 'parley east')
  expect(type).toBe('standalone')
  expect(client.status).toBe('wait')
  expect(client.options).toMatchObject({
    host: 'redis.example',
    port: 7000,
    username: 'alice',
    password: 'p@ss',
    db: 3,
    tls: {},
    connectionName: 'parley-east',
  })
})

test('several URLs are nodes of a cluster, which all use the credentials and encryption of the first', () => {
  const urls = ['rediss://alice:p%40ss@one.example:7000', 'rediss://two.example:7001']
  const { type, client } = createRedisClient(urls, 'commands')
  expect(type).toBe('cluster')
  expect(client.status).toBe('wait')
  expect(client.options).toMatchObject({
    shardedSubscribers: true,
    redisOptions: { username: 'alice', password: 'p@ss', tls: {}, connectionName: 'commands' },
  })
})

test('a Sentinel URL is one server, which the sentinels name', () => {
  const url = 'sentinels://alice:p%40ss@one.example,[::1]:7/parley/3?sentinelPassword=quiet'
  const { type, client } = createRedisClient([url], 'commands')
  expect(type).toBe('standalone')
  expect(client.status).toBe('wait')
  expect(client.options).toMatchObject({
    sentinels: [
      { host: 'one.example', port: 26_379 },
      { host: '::1', port: 7 },
    ],
    name: 'parley',
    db: 3,
    username: 'alice',
    password: 'p@ss',
    sentinelPassword: 'quiet',
    tls: {},
    enableTLSForSentinelMode: true,
    sentinelCommandTimeout: 2_000,
    maxRetriesPerRequest: 0,
    connectionName: 'commands',
  })
})

test('uses no credentials and no encryption if the URLs have none', () => {
  const { client } = createRedisClient(['redis://one.example', 'redis://two.example'], 'commands')
  expect(client.options).not.toHaveProperty('redisOptions.password')
  expect(client.options).not.toHaveProperty('redisOptions.tls')
})

test('reconnects within 50 ms, then less and less often, at least once a second without end', () => {
  const { client } = createRedisClient(['redis://one.example'], 'commands')
  const delays = 'retryStrategy' in client.options ? client.options.retryStrategy : undefined
  for (const [attempt, mostMs] of [
    [1, 50],
    [2, 100],
    [6, 1_000],
    [1_000_000, 1_000],
  ] as const) {
    expect(delays?.(attempt)).toBeGreaterThanOrEqual(0)
    expect(delays?.(attempt)).toBeLessThanOrEqual(mostMs)
  }
})
