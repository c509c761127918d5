import { describe, expect, test } from 'vitest'
import { createSchema } from '../../../src/api/schema.ts'
import { ACTIVITY_RULES, isUserActivity } from '../../../src/presence/activity.ts'

const mutations = Object.keys(createSchema().getMutationType()?.getFields() ?? {})

test('every mutation of the API has an activity rule', () => {
  expect(mutations.length).toBeGreaterThan(10)
  expect(mutations.filter((name) => !Object.hasOwn(ACTIVITY_RULES, name))).toEqual([])
})

describe('user activity', () => {
  test.each([
    'startDirectChat',
    'createGroup',
    'updateChat',
    'addMembers',
    'removeMember',
    'setMemberRole',
    'sendMessage',
    'editMessage',
    'deleteMessage',
    'setReaction',
    'markRead',
  ])('%s always counts', (name) => {
    expect(isUserActivity(name, { input: { userActivity: false } })).toBe(true)
  })

  test.each(['markDelivered', 'renewSession'])('%s never counts', (name) => {
    expect(isUserActivity(name, { input: { userActivity: true } })).toBe(false)
  })

  test('a heartbeat counts only with userActivity: true', () => {
    expect(isUserActivity('heartbeat', { input: { userActivity: true } })).toBe(true)
    expect(isUserActivity('heartbeat', { input: { userActivity: false } })).toBe(false)
    expect(isUserActivity('heartbeat', { input: { userActivity: 'true' } })).toBe(false)
    expect(isUserActivity('heartbeat', {})).toBe(false)
  })

  test('setTyping counts if typing starts, not if it stops, which apps report by a timer', () => {
    expect(isUserActivity('setTyping', { input: { typing: true } })).toBe(true)
    expect(isUserActivity('setTyping', { input: { typing: false, userActivity: true } })).toBe(false)
    expect(isUserActivity('setTyping', {})).toBe(false)
  })

  test('a mutation without a rule throws, so that the gateway does not start', () => {
    expect(() => isUserActivity('launchRocket', {})).toThrow('launchRocket has no activity rule')
    expect(() => isUserActivity('constructor', {})).toThrow('constructor has no activity rule')
  })
})
