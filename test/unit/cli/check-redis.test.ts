import { expect, test } from 'vitest'
import { checkRedisServer, checkSentinels, type RedisFacts } from '../../../src/cli/doctor/check-redis.ts'

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

test('accepts three sentinels that agree, and warns of fewer, of silence, and of two primaries', () => {
  const findings = (...primaries: readonly (string | undefined)[]): string[] =>
    [...checkSentinels(primaries.map((primary, index) => ({ sentinel: `s${index}:26379`, primary })))].map(
      ({ status }) => status,
    )
  expect(findings('a:1', 'a:1', 'a:1')).toEqual(['ok'])
  expect(findings('a:1', 'a:1')).toEqual(['warning', 'ok'])
  expect(findings('a:1', undefined, 'a:1')).toEqual(['warning', 'ok'])
  expect(findings('a:1', 'a:1', 'b:1')).toEqual(['warning'])
})
