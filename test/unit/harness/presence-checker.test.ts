import { expect, test } from 'vitest'
import { checkPresence } from '../../harness/checkers/presence-checker.ts'
import type {
  Activity,
  Look,
  PresenceHistory,
  Sight,
  Watch,
} from '../../harness/checkers/presence-history.ts'

const WINDOW = { windowMs: 20_000, toleranceMs: 1_000 }
const WATCH: Watch = { watcher: 'alice', from: 4_000, until: 60_000 }

/** Bob did something at that second. */
function act(second: number, changes: Partial<Activity> = {}): Activity {
  return { person: 'bob', from: second * 1_000, until: second * 1_000 + 10, isCertain: true, ...changes }
}

type Told = readonly [second: number, online: boolean | null, lastSeen: number | null]

/** What alice was told of bob at those seconds, until the end of her subscription. */
function told(states: readonly Told[], watch = WATCH): Sight[] {
  return states.map(([second, online, lastSeen], index) => {
    const until = (states[index + 1]?.[0] ?? watch.until / 1_000) * 1_000
    return { person: 'bob', online, lastSeenAt: toMs(lastSeen), watch, from: second * 1_000, until }
  })
}

/** What carol saw of bob at that second. */
function look(second: number, online: boolean | null, lastSeen: number | null, tookMs = 10): Look {
  const [from, until] = [second * 1_000, second * 1_000 + tookMs]
  return { viewer: 'carol', person: 'bob', online, lastSeenAt: toMs(lastSeen), from, until }
}

function toMs(second: number | null): number | null {
  return second === null ? null : second * 1_000
}

const RIGHT: readonly Told[] = [
  [5, false, null],
  [10.1, true, 10],
  [45.1, false, 25],
]

function rules(changes: Partial<PresenceHistory>): string[] {
  const sights = changes.looks === undefined ? [] : told(RIGHT)
  const watches = [...new Set((changes.sights ?? sights).map(({ watch }) => watch))]
  const base = { people: ['bob'], activities: [act(10), act(25)], looks: [], faults: [], watches, sights }
  return [...new Set(checkPresence({ ...base, ...changes }, WINDOW).map(({ rule }) => rule))].toSorted()
}

test('nothing is found where somebody is online from their first activity until a window after their last', () => {
  expect(rules({ sights: told(RIGHT) })).toEqual([])
  expect(
    rules({ looks: [look(5, false, null), look(12, true, 10), look(44, true, 25), look(46, false, 25)] }),
  ).toEqual([])
})

test('nobody is online without having done anything within the window', () => {
  expect(rules({ sights: told([[5, true, null], [9, false, null], ...RIGHT.slice(1)]) })).toEqual([
    'online without activity',
  ])
  expect(rules({ sights: told([...RIGHT, [47, true, 25], [48, false, 25]]) })).toEqual([
    'online without activity',
  ])
  expect(rules({ looks: [look(47, true, 25)] })).toEqual(['online without activity'])
})

test('what may have been an activity may make somebody online, and need not', () => {
  const activities = [act(10, { isCertain: false })]
  const maybe: readonly Told[] = [
    [5, false, null],
    [12, true, 10],
    [30, false, 10],
  ]
  expect(rules({ activities, sights: told(maybe) })).toEqual([])
  expect(rules({ activities, sights: told([[5, false, null]]) })).toEqual([])
})

test('nobody is offline who has done something within the window', () => {
  const wrong: readonly Told[] = [...RIGHT.slice(0, 2), [28, false, 25], [29, true, 25], ...RIGHT.slice(2)]
  expect(rules({ sights: told(wrong) })).toEqual(['offline in spite of activity'])
  expect(rules({ looks: [look(28, false, 25)] })).toEqual(['offline in spite of activity'])
})

test('whoever was never told that somebody came online takes them for offline, and is wrong', () => {
  expect(
    rules({
      sights: told([
        [5, false, null],
        [45.1, false, 25],
      ]),
    }),
  ).toEqual(['offline in spite of activity'])
})

test('a change that crosses an activity on its way is no fault', () => {
  const crossing: readonly Told[] = [
    [5, false, null],
    [10.5, false, null],
    [10.6, true, 10],
    [45.9, false, 25],
  ]
  expect(rules({ sights: told(crossing) })).toEqual([])
  expect(rules({ looks: [look(43, false, 25, 3_000), look(9, true, 10, 2_000)] })).toEqual([])
})

test('whoever still takes somebody for online when the window has run out was told too late', () => {
  expect(rules({ sights: told([...RIGHT.slice(0, 2), [46.2, false, 25]]) })).toEqual(['online for too long'])
  expect(rules({ sights: told(RIGHT.slice(0, 2)) })).toEqual(['online for too long'])
})

test('a fault excuses that it is not known who is online, while it lasts, and nothing else', () => {
  const unknown: readonly Told[] = [...RIGHT.slice(0, 2), [44, null, 25], [49, false, 25]]
  expect(rules({ sights: told(unknown) })).toEqual(['unknown without a fault'])
  expect(rules({ sights: told(unknown), faults: [{ from: 43_000, until: 48_000 }] })).toEqual([
    'unknown without a fault',
  ])
  expect(rules({ sights: told(unknown), faults: [{ from: 43_000, until: 50_000 }] })).toEqual([])
  expect(rules({ looks: [look(30, null, 25)] })).toEqual(['unknown without a fault'])
  const late = told([...RIGHT.slice(0, 2), [49, false, 25]])
  expect(rules({ sights: late, faults: [{ from: 43_000, until: 50_000 }] })).toEqual(['online for too long'])
})

test('who has lost the connection believes nothing, and a new one tells of everybody', () => {
  const [before, after] = [
    { ...WATCH, until: 44_000 },
    { ...WATCH, from: 49_000 },
  ]
  const sights = [...told(RIGHT.slice(0, 2), before), ...told([[49.2, false, 25]], after)]
  expect(rules({ sights })).toEqual([])
  expect(rules({ sights: told(RIGHT.slice(0, 2), before), watches: [before, after] })).toEqual(['never told'])
  expect(rules({ sights: told([[9.1, false, null], ...RIGHT.slice(1)]) })).toEqual(['never told'])
})

test('a last activity is one of the activities', () => {
  expect(rules({ looks: [look(20, true, 18)] })).toEqual(['last seen without activity'])
  expect(rules({ sights: told([...RIGHT.slice(0, 2), [45.1, false, 44]]) })).toEqual([
    'last seen without activity',
  ])
})

test('who has gone was last seen when they did something for the last time', () => {
  expect(rules({ sights: told([...RIGHT.slice(0, 2), [45.1, false, 10]]) })).toEqual(['last seen too early'])
  expect(rules({ looks: [look(50, false, null)] })).toContain('last seen too early')
})

test('a last activity only grows, in each subscription, and from a query to one that was asked after its answer', () => {
  const back: readonly Told[] = [...RIGHT.slice(0, 2), [26, true, 25], [30, true, 10], ...RIGHT.slice(2)]
  expect(rules({ sights: told(back) })).toEqual(['last seen went back'])
  expect(rules({ looks: [look(26, true, 25), look(30, true, 10)] })).toEqual(['last seen went back'])
  expect(rules({ looks: [look(25.1, true, 25, 2_000), look(26, true, 10)] })).toEqual([])
  expect(rules({ looks: [look(9, false, null), look(11, true, null)] })).toEqual(['last seen went back'])
})

test('while it is not known who is online the database may be behind', () => {
  const faults = [{ from: 28_000, until: 40_000 }]
  expect(rules({ looks: [look(26, true, 25), look(30, null, 10)], faults })).toEqual([])
})

test('two subscriptions may be told of one activity at different times', () => {
  const other = { ...WATCH, watcher: 'carol' }
  const states: readonly Told[] = [...RIGHT.slice(0, 2), [26, true, 25], ...RIGHT.slice(2)]
  expect(rules({ sights: [...told(states), ...told(RIGHT, other)] })).toEqual([])
})
