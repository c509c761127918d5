import { expect, test } from 'vitest'
import { checkPresence } from '../../harness/checkers/presence-checker.ts'
import type {
  Activity,
  QueriedState,
  PresenceHistory,
  WatchedState,
  PresenceSubscription,
} from '../../harness/checkers/presence-history.ts'

const WINDOW = { windowMs: 20_000, toleranceMs: 1_000 }
const SUBSCRIPTION: PresenceSubscription = { watcher: 'alice', from: 4_000, until: 60_000 }

/** An activity of bob at this second. */
function activityAt(second: number, changes: Partial<Activity> = {}): Activity {
  return { person: 'bob', from: second * 1_000, until: second * 1_000 + 10, isCertain: true, ...changes }
}

type StateAt = readonly [second: number, online: boolean | null, lastSeen: number | null]

/** The states of bob that alice received at these seconds, until the end of her subscription. */
function statesOf(states: readonly StateAt[], subscription = SUBSCRIPTION): WatchedState[] {
  return states.map(([second, online, lastSeen], index) => {
    const until = (states[index + 1]?.[0] ?? subscription.until / 1_000) * 1_000
    return { person: 'bob', online, lastSeenAt: toMs(lastSeen), subscription, from: second * 1_000, until }
  })
}

/** The state of bob that carol queried at this second. */
function queried(second: number, online: boolean | null, lastSeen: number | null, tookMs = 10): QueriedState {
  const [from, until] = [second * 1_000, second * 1_000 + tookMs]
  return { viewer: 'carol', person: 'bob', online, lastSeenAt: toMs(lastSeen), from, until }
}

function toMs(second: number | null): number | null {
  return second === null ? null : second * 1_000
}

const CORRECT: readonly StateAt[] = [
  [5, false, null],
  [10.1, true, 10],
  [45.1, false, 25],
]

function rulesBroken(changes: Partial<PresenceHistory>): string[] {
  const watchedStates = changes.queriedStates === undefined ? [] : statesOf(CORRECT)
  const subscriptions = [
    ...new Set((changes.watchedStates ?? watchedStates).map(({ subscription }) => subscription)),
  ]
  const activities = [activityAt(10), activityAt(25)]
  const base = { people: ['bob'], activities, queriedStates: [], faults: [], subscriptions, watchedStates }
  return [...new Set(checkPresence({ ...base, ...changes }, WINDOW).map(({ rule }) => rule))].toSorted()
}

test('finds nothing if a user is online from the first activity until one window after the last', () => {
  expect(rulesBroken({ watchedStates: statesOf(CORRECT) })).toEqual([])
  expect(
    rulesBroken({
      queriedStates: [
        queried(5, false, null),
        queried(12, true, 10),
        queried(44, true, 25),
        queried(46, false, 25),
      ],
    }),
  ).toEqual([])
})

test('finds users shown online without activity within the window', () => {
  expect(
    rulesBroken({ watchedStates: statesOf([[5, true, null], [9, false, null], ...CORRECT.slice(1)]) }),
  ).toEqual(['online without activity'])
  expect(rulesBroken({ watchedStates: statesOf([...CORRECT, [47, true, 25], [48, false, 25]]) })).toEqual([
    'online without activity',
  ])
  expect(rulesBroken({ queriedStates: [queried(47, true, 25)] })).toEqual(['online without activity'])
})

test('accepts both states after an activity whose outcome is unknown', () => {
  const activities = [activityAt(10, { isCertain: false })]
  const maybe: readonly StateAt[] = [
    [5, false, null],
    [12, true, 10],
    [30, false, 10],
  ]
  expect(rulesBroken({ activities, watchedStates: statesOf(maybe) })).toEqual([])
  expect(rulesBroken({ activities, watchedStates: statesOf([[5, false, null]]) })).toEqual([])
})

test('finds users shown offline in spite of activity within the window', () => {
  const wrong: readonly StateAt[] = [
    ...CORRECT.slice(0, 2),
    [28, false, 25],
    [29, true, 25],
    ...CORRECT.slice(2),
  ]
  expect(rulesBroken({ watchedStates: statesOf(wrong) })).toEqual(['offline in spite of activity'])
  expect(rulesBroken({ queriedStates: [queried(28, false, 25)] })).toEqual(['offline in spite of activity'])
})

test('finds a watcher that never received the change to online', () => {
  expect(
    rulesBroken({
      watchedStates: statesOf([
        [5, false, null],
        [45.1, false, 25],
      ]),
    }),
  ).toEqual(['offline in spite of activity'])
})

test('accepts a change that crosses an activity on the network', () => {
  const crossing: readonly StateAt[] = [
    [5, false, null],
    [10.5, false, null],
    [10.6, true, 10],
    [45.9, false, 25],
  ]
  expect(rulesBroken({ watchedStates: statesOf(crossing) })).toEqual([])
  expect(
    rulesBroken({ queriedStates: [queried(43, false, 25, 3_000), queried(9, true, 10, 2_000)] }),
  ).toEqual([])
})

test('finds a change to offline that arrives after the window', () => {
  expect(rulesBroken({ watchedStates: statesOf([...CORRECT.slice(0, 2), [46.2, false, 25]]) })).toEqual([
    'online for too long',
  ])
  expect(rulesBroken({ watchedStates: statesOf(CORRECT.slice(0, 2)) })).toEqual(['online for too long'])
})

test('accepts unknown states during a fault, and only then', () => {
  const unknown: readonly StateAt[] = [...CORRECT.slice(0, 2), [44, null, 25], [49, false, 25]]
  expect(rulesBroken({ watchedStates: statesOf(unknown) })).toEqual(['unknown without a fault'])
  expect(
    rulesBroken({ watchedStates: statesOf(unknown), faults: [{ from: 43_000, until: 48_000 }] }),
  ).toEqual(['unknown without a fault'])
  expect(
    rulesBroken({ watchedStates: statesOf(unknown), faults: [{ from: 43_000, until: 50_000 }] }),
  ).toEqual([])
  expect(rulesBroken({ queriedStates: [queried(30, null, 25)] })).toEqual(['unknown without a fault'])
  const late = statesOf([...CORRECT.slice(0, 2), [49, false, 25]])
  expect(rulesBroken({ watchedStates: late, faults: [{ from: 43_000, until: 50_000 }] })).toEqual([
    'online for too long',
  ])
})

test('expects a state of every user from each new subscription', () => {
  const [before, after] = [
    { ...SUBSCRIPTION, until: 44_000 },
    { ...SUBSCRIPTION, from: 49_000 },
  ]
  const watchedStates = [...statesOf(CORRECT.slice(0, 2), before), ...statesOf([[49.2, false, 25]], after)]
  expect(rulesBroken({ watchedStates })).toEqual([])
  expect(
    rulesBroken({ watchedStates: statesOf(CORRECT.slice(0, 2), before), subscriptions: [before, after] }),
  ).toEqual(['no initial state'])
  expect(rulesBroken({ watchedStates: statesOf([[9.1, false, null], ...CORRECT.slice(1)]) })).toEqual([
    'no initial state',
  ])
})

test('finds a last-seen time at which there was no activity', () => {
  expect(rulesBroken({ queriedStates: [queried(20, true, 18)] })).toEqual(['last seen without activity'])
  expect(rulesBroken({ watchedStates: statesOf([...CORRECT.slice(0, 2), [45.1, false, 44]]) })).toEqual([
    'last seen without activity',
  ])
})

test('finds a last-seen time before the last activity of an offline user', () => {
  expect(rulesBroken({ watchedStates: statesOf([...CORRECT.slice(0, 2), [45.1, false, 10]]) })).toEqual([
    'last seen too early',
  ])
  expect(rulesBroken({ queriedStates: [queried(50, false, null)] })).toContain('last seen too early')
})

test('finds a last-seen time that decreases within a subscription or between consecutive queries', () => {
  const back: readonly StateAt[] = [
    ...CORRECT.slice(0, 2),
    [26, true, 25],
    [30, true, 10],
    ...CORRECT.slice(2),
  ]
  expect(rulesBroken({ watchedStates: statesOf(back) })).toEqual(['last seen decreased'])
  expect(rulesBroken({ queriedStates: [queried(26, true, 25), queried(30, true, 10)] })).toEqual([
    'last seen decreased',
  ])
  expect(rulesBroken({ queriedStates: [queried(25.1, true, 25, 2_000), queried(26, true, 10)] })).toEqual([])
  expect(rulesBroken({ queriedStates: [queried(9, false, null), queried(11, true, null)] })).toEqual([
    'last seen decreased',
  ])
})

test('accepts an older last-seen time while the online state is unknown', () => {
  const faults = [{ from: 28_000, until: 40_000 }]
  expect(rulesBroken({ queriedStates: [queried(26, true, 25), queried(30, null, 10)], faults })).toEqual([])
})

test('accepts that subscriptions receive an activity at different times', () => {
  const other = { ...SUBSCRIPTION, watcher: 'carol' }
  const states: readonly StateAt[] = [...CORRECT.slice(0, 2), [26, true, 25], ...CORRECT.slice(2)]
  expect(rulesBroken({ watchedStates: [...statesOf(states), ...statesOf(CORRECT, other)] })).toEqual([])
})
