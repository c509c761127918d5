import { expect, test } from 'vitest'
import { checkRedisServer, type RedisFacts } from '../../../src/cli/doctor/check-redis.ts'

const FACTS: RedisFacts = { version: '7.0.15', isCluster: false, evictionPolicy: 'noeviction' }

function statuses(facts: Partial<RedisFacts>): string[] {
  return checkRedisServer({ ...FACTS, ...facts }).map(({ status }) => status)
}

test('accepts Redis 6.2 for one server, and 7 for a cluster', () => {
  expect(statuses({})).toEqual(['ok', 'ok'])
  expect(statuses({ version: '6.2.14' })).toEqual(['ok', 'ok'])
  expect(statuses({ version: '6.0.16' })).toEqual(['problem', 'ok'])
  expect(statuses({ version: '6.2.14', isCluster: true })).toEqual(['problem', 'ok'])
  expect(statuses({ version: '8.0.0', isCluster: true })).toEqual(['ok', 'ok'])
})

test('warns of a Redis that evicts keys, or does not report whether it does', () => {
  expect(statuses({ evictionPolicy: 'allkeys-lru' })).toEqual(['ok', 'warning'])
  expect(statuses({ evictionPolicy: undefined })).toEqual(['ok', 'warning'])
})
