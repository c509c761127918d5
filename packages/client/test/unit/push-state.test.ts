import { expect, test } from 'vitest'
import { type PushFacts, stateOf } from '../../src/push/push-state.ts'

const ON: PushFacts = { key: 'key', permission: 'granted', isWanted: true }

test.each<readonly [expected: string, facts: PushFacts]>([
  ['on', ON],
  ['off', { ...ON, isWanted: false }],
  ['off', { ...ON, permission: 'default' }],
  ['blocked', { ...ON, permission: 'denied' }],
  ['unavailable', { ...ON, key: null }],
  ['unknown', { ...ON, key: undefined }],
  ['unknown', { key: undefined, permission: 'denied', isWanted: false }],
])('is %s with %o', (expected, facts) => {
  expect(stateOf(facts)).toBe(expected)
})
