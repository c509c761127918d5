import type {
  Activity,
  QueriedState,
  PresenceHistory,
  WatchedState,
  Span,
  PresenceState,
  PresenceSubscription,
} from './presence-history.ts'

export type PresenceRule =
  /** A user without activity within the window was shown online. */
  | 'online without activity'
  /** A watcher still had the state online after the window ended. */
  | 'online for too long'
  /** A user with activity within the window was shown offline, or a watcher still had that state. */
  | 'offline in spite of activity'
  /** The online state was unknown without a fault. */
  | 'unknown without a fault'
  /** A subscription received no state of a user. */
  | 'no initial state'
  /** A last-seen time does not belong to an activity. */
  | 'last seen without activity'
  /** A user was shown offline with a last-seen time before the last activity. */
  | 'last seen too early'
  /** A last-seen time decreased. */
  | 'last seen decreased'

export type PresenceFinding = Readonly<{ rule: PresenceRule; text: string }>

/** How long an activity keeps a user online, and the tolerance of all times. */
export type Window = Readonly<{ windowMs: number; toleranceMs: number }>

/** A new subscription has to receive its initial states within this time. */
const INITIAL_STATE_MS = 5_000

/**
 * Returns every broken guarantee: a user is online exactly if there was activity within the window, and last-seen times
 * belong to activities and never decrease. An activity, and the read of a query, may have happened at any moment of its
 * span. A state is a finding only if it is wrong for every such moment. A fault allows unknown states, but never wrong
 * ones.
 */
export function checkPresence(history: PresenceHistory, window: Window): readonly PresenceFinding[] {
  const { people, activities, subscriptions, watchedStates, queriedStates, faults } = history
  return people.flatMap((person) => {
    const own = activities.filter((activity) => activity.person === person)
    const ownWatched = watchedStates.filter((watched) => watched.person === person)
    const ownQueried = queriedStates.filter((queried) => queried.person === person)
    return [
      ...ownWatched.flatMap((watched) => [...wrongForSome(watched, own, window)]),
      ...ownQueried.flatMap((queried) => [...wrongForAll(queried, own, window)]),
      ...[...ownWatched, ...ownQueried].flatMap((state) => [...wrongLastSeen(state, own, window)]),
      ...[...ownWatched, ...ownQueried].flatMap((state) => [...unknown(state, faults)]),
      ...lastSeenDecreased(ownWatched, ownQueried),
      ...withoutInitialState(person, subscriptions, ownWatched),
    ]
  })
}

/** The spans in which the state online may be correct. */
function mayBeOnline(activities: readonly Activity[], { windowMs, toleranceMs }: Window): readonly Span[] {
  return activities.map(({ from, until }) => ({ from, until: until + windowMs + toleranceMs }))
}

/** The spans in which the state offline is wrong. */
function mustBeOnline(activities: readonly Activity[], { windowMs, toleranceMs }: Window): readonly Span[] {
  return activities
    .filter(({ isCertain }) => isCertain)
    .map(({ from, until }) => ({ from: until + toleranceMs, until: from + windowMs - toleranceMs }))
}

/** A watched state has to be correct for its whole span. */
function* wrongForSome(
  watched: WatchedState,
  activities: readonly Activity[],
  window: Window,
): Iterable<PresenceFinding> {
  if (watched.online === true) {
    const at = uncovered(watched, mayBeOnline(activities, window))
    if (at === watched.from) yield finding('online without activity', watched)
    else if (at !== undefined) yield finding('online for too long', watched, `still at ${time(at)}`)
  }
  if (watched.online !== false) return
  const span = mustBeOnline(activities, window).find((one) => overlaps(one, watched))
  if (span !== undefined) yield finding('offline in spite of activity', watched, `before ${time(span.from)}`)
}

/** A queried state has to be correct at one moment between request and response. */
function* wrongForAll(
  queried: QueriedState,
  activities: readonly Activity[],
  window: Window,
): Iterable<PresenceFinding> {
  const mayBe = mayBeOnline(activities, window).some((one) => overlaps(one, queried))
  if (queried.online === true && !mayBe) yield finding('online without activity', queried)
  const mustBe = uncovered(queried, mustBeOnline(activities, window)) === undefined
  if (queried.online === false && mustBe) yield finding('offline in spite of activity', queried)
}

/**
 * Watchers receive no further activities of a user who is online. The last-seen time has to be exact once the user is
 * offline.
 */
function* wrongLastSeen(
  state: WatchedState | QueriedState,
  activities: readonly Activity[],
  { toleranceMs }: Window,
): Iterable<PresenceFinding> {
  const { online, lastSeenAt } = state
  const isThen = ({ from, until }: Span): boolean =>
    lastSeenAt !== null && from - toleranceMs <= lastSeenAt && lastSeenAt <= until + toleranceMs
  if (lastSeenAt !== null && !activities.some(isThen)) yield finding('last seen without activity', state)
  const isOver = ({ until, isCertain }: Activity): boolean => isCertain && until + toleranceMs < state.from
  const latest = Math.max(...activities.filter(isOver).map(({ from }) => from))
  const isTooEarly = (lastSeenAt ?? -Infinity) < latest - toleranceMs
  if (online === false && isTooEarly) yield finding('last seen too early', state, `not ${time(latest)}`)
}

function* unknown(state: WatchedState | QueriedState, faults: readonly Span[]): Iterable<PresenceFinding> {
  const at = state.online === null ? uncovered(state, faults) : undefined
  if (at !== undefined) yield finding('unknown without a fault', state, `at ${time(at)}`)
}

/**
 * Compares exactly, without tolerance: within one subscription, and between a response and a query sent after it. While
 * the online state is unknown, last-seen times come from the database, which may be a minute old.
 */
function* lastSeenDecreased(
  watchedStates: readonly WatchedState[],
  queriedStates: readonly QueriedState[],
): Iterable<PresenceFinding> {
  for (const states of Map.groupBy(watchedStates, ({ subscription }) => subscription).values())
    yield* decreases(states)
  const received = watchedStates.map(({ lastSeenAt, from }) => ({ lastSeenAt, knownAt: from }))
  const queriedAt = queriedStates.map(({ lastSeenAt, until }) => ({ lastSeenAt, knownAt: until }))
  for (const queried of queriedStates.filter(({ online }) => online !== null)) {
    const highest = latestOf([...received, ...queriedAt].filter(({ knownAt }) => knownAt < queried.from))
    if ((queried.lastSeenAt ?? -Infinity) < highest)
      yield finding('last seen decreased', queried, `after ${time(highest)}`)
  }
}

function* decreases(states: readonly WatchedState[]): Iterable<PresenceFinding> {
  for (const [index, watched] of states.entries()) {
    const highest = latestOf(states.slice(0, index))
    if ((watched.lastSeenAt ?? -Infinity) < highest)
      yield finding('last seen decreased', watched, `after ${time(highest)}`)
  }
}

function* withoutInitialState(
  person: string,
  subscriptions: readonly PresenceSubscription[],
  watchedStates: readonly WatchedState[],
): Iterable<PresenceFinding> {
  for (const subscription of subscriptions) {
    const { watcher, from, until } = subscription
    const isInitial = (watched: WatchedState): boolean =>
      watched.subscription === subscription && watched.from - from <= INITIAL_STATE_MS
    if (until - from <= INITIAL_STATE_MS || watchedStates.some(isInitial)) continue
    yield { rule: 'no initial state', text: `${watcher} of ${person}, since ${time(from)}` }
  }
}

function overlaps(one: Span, other: Span): boolean {
  return Math.max(one.from, other.from) < Math.min(one.until, other.until)
}

/** Returns the first moment of a span that none of the others covers. */
function uncovered({ from, until }: Span, others: readonly Span[]): number | undefined {
  let at = from
  for (const other of others.toSorted((a, b) => a.from - b.from)) {
    if (other.from <= at) at = Math.max(at, other.until)
  }
  return at < until ? at : undefined
}

function latestOf(all: readonly Pick<PresenceState, 'lastSeenAt'>[]): number {
  return Math.max(...all.map(({ lastSeenAt }) => lastSeenAt ?? -Infinity))
}

function finding(rule: PresenceRule, state: WatchedState | QueriedState, more = ''): PresenceFinding {
  const observer =
    'subscription' in state ? `${state.subscription.watcher} received` : `${state.viewer} queried`
  const span = `from ${time(state.from)} to ${time(state.until)}`
  const values = `${state.person} online ${state.online}, last seen ${time(state.lastSeenAt)}`
  return { rule, text: `${observer} ${span}: ${values} ${more}`.trimEnd() }
}

function time(ms: number | null): string {
  return ms === null || !Number.isFinite(ms) ? 'never' : new Date(ms).toISOString().slice(11, 23)
}
