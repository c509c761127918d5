import { expect, test } from 'vitest'
import { judgeRedis, type RedisFacts } from '../../../src/cli/judge-redis.ts'

const FACTS: RedisFacts = { version: '7.0.15', isCluster: false, evictionPolicy: 'noeviction' }

function statuses(facts: Partial<RedisFacts>): string[] {
  return judgeRedis({ ...FACTS, ...facts }).map(({ status }) => status)
}

test('Redis 6.2 is enough for one server, and 7 for a cluster', () => {
  expect(statuses({})).toEqual(['good', 'good'])
  expect(statuses({ version: '6.2.14' })).toEqual(['good', 'good'])
  expect(statuses({ version: '6.0.16' })).toEqual(['bad', 'good'])
  expect(statuses({ version: '6.2.14', isCluster: true })).toEqual(['bad', 'good'])
  expect(statuses({ version: '8.0.0', isCluster: true })).toEqual(['good', 'good'])
})

test('a Redis that drops keys to make room, or does not tell, is doubtful', () => {
  expect(statuses({ evictionPolicy: 'allkeys-lru' })).toEqual(['good', 'doubtful'])
  expect(statuses({ evictionPolicy: undefined })).toEqual(['good', 'doubtful'])
})
