import { expect, test } from 'vitest'
import { createRedisClient } from '../../../src/redis/redis-client.ts'

test('one URL is a server: its credentials, its database, and encryption, however its scheme is written', () => {
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

test('several URLs are nodes of a cluster: credentials and encryption of the first go for all nodes', () => {
  const urls = ['rediss://alice:p%40ss@one.example:7000', 'rediss://two.example:7001']
  const { type, client } = createRedisClient(urls, 'commands')
  expect(type).toBe('cluster')
  expect(client.status).toBe('wait')
  expect(client.options).toMatchObject({
    shardedSubscribers: true,
    redisOptions: { username: 'alice', password: 'p@ss', tls: {}, connectionName: 'commands' },
  })
})

test('without credentials and encryption, none are made up', () => {
  const { client } = createRedisClient(['redis://one.example', 'redis://two.example'], 'commands')
  expect(client.options).not.toHaveProperty('redisOptions.password')
  expect(client.options).not.toHaveProperty('redisOptions.tls')
})

test('a lost connection is tried again within 50 ms, less and less often, and at least once a second for ever', () => {
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
