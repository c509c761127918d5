import { expect, test } from 'vitest'
import {
  type Activity,
  checkPresence,
  type PresenceHistory,
  type Sight,
} from '../../harness/presence-checker.ts'

const WINDOW = { windowMs: 20_000, toleranceMs: 1_000 }

/** Bob did something at that second. */
function act(second: number, changes: Partial<Activity> = {}): Activity {
  return { person: 'bob', from: second * 1_000, until: second * 1_000 + 10, isCertain: true, ...changes }
}

/** What alice was told of bob at that second. */
function told(second: number, online: boolean | null, lastSeen: number | null): Sight {
  const lastSeenAt = lastSeen === null ? null : lastSeen * 1_000
  return { watcher: 'alice', person: 'bob', at: second * 1_000, online, lastSeenAt }
}

function rules(changes: Partial<PresenceHistory>): string[] {
  const history = { activities: [act(10), act(25)], sights: [], faults: [], endedAt: 60_000, ...changes }
  return [...new Set(checkPresence(history, WINDOW).map(({ rule }) => rule))].toSorted()
}

const RIGHT = [told(5, false, null), told(10.1, true, 10), told(45.1, false, 25)]

test('nothing is found where somebody is online from their first activity until a window after their last', () => {
  expect(rules({ sights: RIGHT })).toEqual([])
  expect(rules({ sights: [told(5, null, null), told(12, null, 10), told(44.5, false, 25)] })).toEqual([])
})

test('nobody is online without having done anything within the window', () => {
  expect(rules({ sights: [told(5, true, null), told(9, false, null)] })).toEqual(['online without activity'])
  expect(rules({ sights: [...RIGHT, told(47, true, 25), told(48, false, 25)] })).toEqual([
    'online without activity',
  ])
})

test('what may have been an activity may make somebody online, and need not', () => {
  const activities = [act(10, { isCertain: false })]
  expect(rules({ activities, sights: [told(12, true, 10), told(30, false, 10)] })).toEqual([])
  expect(rules({ activities, sights: [told(12, false, null)] })).toEqual([])
})

test('nobody is offline who has done something within the window', () => {
  expect(rules({ sights: [told(10.1, true, 10), told(28, false, 10), ...RIGHT.slice(2)] })).toEqual([
    'offline in spite of activity',
  ])
})

test('a change that crosses an activity on its way is no fault', () => {
  expect(rules({ sights: [told(10.5, false, null), told(10.6, true, 10), told(45.9, false, 25)] })).toEqual(
    [],
  )
})

test('whoever still takes somebody for online when the window has run out was told too late', () => {
  expect(rules({ sights: [told(10.1, true, 10), told(46.2, false, 25)] })).toEqual(['online for too long'])
  expect(rules({ sights: [told(10.1, true, 10)] })).toEqual(['online for too long'])
})

test('while something is broken, and as long as it heals, a watcher may be told late, and no later', () => {
  const late = [told(10.1, true, 10), told(49, false, 25)]
  expect(rules({ sights: late, faults: [{ from: 44_000, until: 50_000 }] })).toEqual([])
  expect(rules({ sights: late, faults: [{ from: 44_000, until: 48_000 }] })).toEqual(['online for too long'])
})

test('a run that ended before the window did says nothing of its end', () => {
  expect(rules({ sights: [told(10.1, true, 10)], endedAt: 45_000 })).toEqual([])
})

test('a last activity is one of the activities, and what a watcher is told only grows', () => {
  expect(rules({ sights: [told(10.1, true, 10), told(20, null, 18), ...RIGHT.slice(2)] })).toEqual([
    'last seen without activity',
  ])
  expect(rules({ sights: [told(26, true, 25), told(30, null, 10), ...RIGHT.slice(2)] })).toEqual([
    'last seen went back',
  ])
  const other = { ...told(30, true, 10), watcher: 'carol' }
  expect(
    rules({
      sights: [told(26, true, 25), other, { ...RIGHT[2], watcher: 'carol' } as Sight, ...RIGHT.slice(2)],
    }),
  ).toEqual([])
})
