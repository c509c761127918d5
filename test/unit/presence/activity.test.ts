import { describe, expect, test } from 'vitest'
import { createSchema } from '../../../src/api/schema.ts'
import { ACTIVITY_RULES, isUserActivity } from '../../../src/presence/activity.ts'

const mutations = Object.keys(createSchema().getMutationType()?.getFields() ?? {})

test('of every mutation of the API it is said whose doing it is', () => {
  expect(mutations.length).toBeGreaterThan(10)
  expect(mutations.filter((name) => !Object.hasOwn(ACTIVITY_RULES, name))).toEqual([])
})

describe('what counts as somebody being there', () => {
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
  ])('%s does, whatever its arguments are', (name) => {
    expect(isUserActivity(name, { input: { userActivity: false } })).toBe(true)
  })

  test.each(['markDelivered', 'renewSession'])('%s does not, whatever its arguments are', (name) => {
    expect(isUserActivity(name, { input: { userActivity: true } })).toBe(false)
  })

  test('a heartbeat does if it says so, and only then', () => {
    expect(isUserActivity('heartbeat', { input: { userActivity: true } })).toBe(true)
    expect(isUserActivity('heartbeat', { input: { userActivity: false } })).toBe(false)
    expect(isUserActivity('heartbeat', { input: { userActivity: 'true' } })).toBe(false)
    expect(isUserActivity('heartbeat', {})).toBe(false)
  })

  test('to begin to type does, and to stop, which an app says by itself, does not', () => {
    expect(isUserActivity('setTyping', { input: { typing: true } })).toBe(true)
    expect(isUserActivity('setTyping', { input: { typing: false, userActivity: true } })).toBe(false)
    expect(isUserActivity('setTyping', {})).toBe(false)
  })

  test('a mutation of which nobody said anything keeps an instance from starting', () => {
    expect(() => isUserActivity('launchRocket', {})).toThrow('launchRocket has no line')
    expect(() => isUserActivity('constructor', {})).toThrow('constructor has no line')
  })
})
