import type { Activity, Look, PresenceHistory, Sight, Span, State, Watch } from './presence-history.ts'

export type PresenceRule =
  /** Somebody was said to be online who had done nothing for longer than the window. */
  | 'online without activity'
  /** The window had run out, and a watcher still took somebody for online. */
  | 'online for too long'
  /** Somebody was said to be offline, or a watcher still took them for it, who had done something within the window. */
  | 'offline in spite of activity'
  /** It was not known whether somebody was online, and nothing was broken. */
  | 'unknown without a fault'
  /** A watcher was told nothing of somebody. */
  | 'never told'
  /** A last activity was told that is none of the person's. */
  | 'last seen without activity'
  /** Somebody had gone, and what they did last was not known. */
  | 'last seen too early'
  /** An earlier last activity was told than before. */
  | 'last seen went back'

export type PresenceFinding = Readonly<{ rule: PresenceRule; text: string }>

/** How long somebody counts as online, and by how much a moment may be off, in milliseconds. */
export type Window = Readonly<{ windowMs: number; toleranceMs: number }>

/** By then a new subscription has told how things are, in milliseconds. */
const FIRST_MS = 5_000

/**
 * Everything that is wrong with what was told: online ⇔ active within the window; last activities are activities, and
 * only grow. An activity may have happened at any moment of its span, and so may what a query saw: it has to be wrong
 * for all of them. Faults excuse that something is not known, and nothing else: who is told, is told right.
 */
export function checkPresence(history: PresenceHistory, window: Window): readonly PresenceFinding[] {
  const { people, activities, watches, sights, looks, faults } = history
  return people.flatMap((person) => {
    const own = activities.filter((activity) => activity.person === person)
    const seen = sights.filter((sight) => sight.person === person)
    const looked = looks.filter((look) => look.person === person)
    return [
      ...seen.flatMap((sight) => [...wrongForSome(sight, own, window)]),
      ...looked.flatMap((look) => [...wrongForAll(look, own, window)]),
      ...[...seen, ...looked].flatMap((said) => [...wrongLastSeen(said, own, window)]),
      ...[...seen, ...looked].flatMap((said) => [...unknown(said, faults)]),
      ...wentBack(seen, looked),
      ...untold(person, watches, seen),
    ]
  })
}

/** While they would be right to be said to be online. */
function mayBeOnline(activities: readonly Activity[], { windowMs, toleranceMs }: Window): readonly Span[] {
  return activities.map(({ from, until }) => ({ from, until: until + windowMs + toleranceMs }))
}

/** While they would be wrong to be said to be offline. */
function mustBeOnline(activities: readonly Activity[], { windowMs, toleranceMs }: Window): readonly Span[] {
  return activities
    .filter(({ isCertain }) => isCertain)
    .map(({ from, until }) => ({ from: until + toleranceMs, until: from + windowMs - toleranceMs }))
}

/** What a watcher takes somebody for is wrong as soon as it is at one moment. */
function* wrongForSome(
  sight: Sight,
  activities: readonly Activity[],
  window: Window,
): Iterable<PresenceFinding> {
  if (sight.online === true) {
    const at = uncovered(sight, mayBeOnline(activities, window))
    if (at === sight.from) yield finding('online without activity', sight)
    else if (at !== undefined) yield finding('online for too long', sight, `still at ${time(at)}`)
  }
  if (sight.online !== false) return
  const span = mustBeOnline(activities, window).find((one) => overlaps(one, sight))
  if (span !== undefined) yield finding('offline in spite of activity', sight, `before ${time(span.from)}`)
}

/** A query is wrong if it is for every moment between question and answer. */
function* wrongForAll(
  look: Look,
  activities: readonly Activity[],
  window: Window,
): Iterable<PresenceFinding> {
  const mayBe = mayBeOnline(activities, window).some((one) => overlaps(one, look))
  if (look.online === true && !mayBe) yield finding('online without activity', look)
  const mustBe = uncovered(look, mustBeOnline(activities, window)) === undefined
  if (look.online === false && mustBe) yield finding('offline in spite of activity', look)
}

/** Of somebody who is online watchers are not told what else they do; when they go, it is the last that counts. */
function* wrongLastSeen(
  said: Sight | Look,
  activities: readonly Activity[],
  { toleranceMs }: Window,
): Iterable<PresenceFinding> {
  const { online, lastSeenAt } = said
  const isThen = ({ from, until }: Span): boolean =>
    lastSeenAt !== null && from - toleranceMs <= lastSeenAt && lastSeenAt <= until + toleranceMs
  if (lastSeenAt !== null && !activities.some(isThen)) yield finding('last seen without activity', said)
  const isOver = ({ until, isCertain }: Activity): boolean => isCertain && until + toleranceMs < said.from
  const latest = Math.max(...activities.filter(isOver).map(({ from }) => from))
  const isTooEarly = (lastSeenAt ?? -Infinity) < latest - toleranceMs
  if (online === false && isTooEarly) yield finding('last seen too early', said, `not ${time(latest)}`)
}

function* unknown(said: Sight | Look, faults: readonly Span[]): Iterable<PresenceFinding> {
  const at = said.online === null ? uncovered(said, faults) : undefined
  if (at !== undefined) yield finding('unknown without a fault', said, `at ${time(at)}`)
}

/**
 * To the millisecond: within one subscription, and from a query to one that was asked after its answer. While it is not
 * known who is online it is the database that is asked, which may be a minute behind.
 */
function* wentBack(sights: readonly Sight[], looks: readonly Look[]): Iterable<PresenceFinding> {
  for (const story of Map.groupBy(sights, ({ watch }) => watch).values()) yield* fallsIn(story)
  const told = sights.map(({ lastSeenAt, from }) => ({ lastSeenAt, knownAt: from }))
  const answered = looks.map(({ lastSeenAt, until }) => ({ lastSeenAt, knownAt: until }))
  for (const look of looks.filter(({ online }) => online !== null)) {
    const highest = latestOf([...told, ...answered].filter(({ knownAt }) => knownAt < look.from))
    if ((look.lastSeenAt ?? -Infinity) < highest)
      yield finding('last seen went back', look, `after ${time(highest)}`)
  }
}

function* fallsIn(story: readonly Sight[]): Iterable<PresenceFinding> {
  for (const [index, sight] of story.entries()) {
    const highest = latestOf(story.slice(0, index))
    if ((sight.lastSeenAt ?? -Infinity) < highest)
      yield finding('last seen went back', sight, `after ${time(highest)}`)
  }
}

function* untold(
  person: string,
  watches: readonly Watch[],
  sights: readonly Sight[],
): Iterable<PresenceFinding> {
  for (const watch of watches.filter(({ from, until }) => until - from > FIRST_MS)) {
    if (sights.some((sight) => sight.watch === watch && sight.from - watch.from <= FIRST_MS)) continue
    yield { rule: 'never told', text: `${watch.watcher} of ${person}, since ${time(watch.from)}` }
  }
}

function overlaps(one: Span, other: Span): boolean {
  return Math.max(one.from, other.from) < Math.min(one.until, other.until)
}

/** The first moment of a span that lies in none of the others. */
function uncovered({ from, until }: Span, others: readonly Span[]): number | undefined {
  let at = from
  for (const other of others.toSorted((a, b) => a.from - b.from)) {
    if (other.from <= at) at = Math.max(at, other.until)
  }
  return at < until ? at : undefined
}

function latestOf(all: readonly Pick<State, 'lastSeenAt'>[]): number {
  return Math.max(...all.map(({ lastSeenAt }) => lastSeenAt ?? -Infinity))
}

function finding(rule: PresenceRule, said: Sight | Look, more = ''): PresenceFinding {
  const by = 'watch' in said ? `${said.watch.watcher} was told` : `${said.viewer} saw`
  const span = `from ${time(said.from)} to ${time(said.until)}`
  const state = `${said.person} online ${said.online}, last seen ${time(said.lastSeenAt)}`
  return { rule, text: `${by} ${span}: ${state} ${more}`.trimEnd() }
}

function time(ms: number | null): string {
  return ms === null || !Number.isFinite(ms) ? 'never' : new Date(ms).toISOString().slice(11, 23)
}
