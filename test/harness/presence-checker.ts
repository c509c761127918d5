/** Something that a person did, between two moments of the wall clock, in milliseconds. */
export type Activity = Readonly<{
  person: string
  from: number
  until: number
  /** Whether it was answered; what wasn't may or may not have counted. */
  isCertain: boolean
}>

/** What somebody was told of a person, and when. */
export type Sight = Readonly<{
  watcher: string
  person: string
  at: number
  online: boolean | null
  lastSeenAt: number | null
}>

/** What a run has to say about presence. */
export type PresenceHistory = Readonly<{
  activities: readonly Activity[]
  /** In the order in which each watcher was told. */
  sights: readonly Sight[]
  /** When something was broken, or had not healed yet. */
  faults: readonly Readonly<{ from: number; until: number }>[]
  /** After the last sight. */
  endedAt: number
}>

export type PresenceRule =
  /** Somebody was said to be online who had done nothing for longer than the window. */
  | 'online without activity'
  /** Somebody was said to be offline who had done something within the window. */
  | 'offline in spite of activity'
  /** The window had run out, and a watcher still took somebody for online. */
  | 'online for too long'
  /** A last activity was told that is none of the person's. */
  | 'last seen without activity'
  /** A watcher was told an earlier last activity than before. */
  | 'last seen went back'

export type PresenceFinding = Readonly<{ rule: PresenceRule; text: string }>

/** How long somebody counts as online, and by how much a moment may be off, in milliseconds. */
export type Window = Readonly<{ windowMs: number; toleranceMs: number }>

/** Everything that is wrong with what was told: online ⇔ active within the window; last activities only grow. */
export function checkPresence(history: PresenceHistory, window: Window): readonly PresenceFinding[] {
  const { activities, sights } = history
  const byPerson = Map.groupBy(activities, ({ person }) => person)
  const of = (person: string): readonly Activity[] => byPerson.get(person) ?? []
  return [
    ...sights.flatMap((sight) => [...wrongAtOnce(sight, of(sight.person), window)]),
    ...stories(sights).flatMap((story) => [...wentBack(story), ...tooLong(story, history, window)]),
  ]
}

/** What each watcher was told of each person. */
function stories(sights: readonly Sight[]): readonly (readonly Sight[])[] {
  return [...Map.groupBy(sights, ({ watcher, person }) => `${watcher} ${person}`).values()]
}

function* wrongAtOnce(
  sight: Sight,
  activities: readonly Activity[],
  window: Window,
): Iterable<PresenceFinding> {
  const { windowMs, toleranceMs } = window
  const { at, online, lastSeenAt } = sight
  const isRecent = ({ from, until }: Activity): boolean => from <= at && until >= at - windowMs - toleranceMs
  const isSurelyRecent = ({ from, until, isCertain }: Activity): boolean =>
    isCertain && until <= at - toleranceMs && from >= at - windowMs + toleranceMs
  const isThen = ({ from, until }: Activity): boolean =>
    lastSeenAt !== null && from - toleranceMs <= lastSeenAt && lastSeenAt <= until + toleranceMs
  if (online === true && !activities.some(isRecent)) yield finding('online without activity', sight)
  if (online === false && activities.some(isSurelyRecent))
    yield finding('offline in spite of activity', sight)
  if (lastSeenAt !== null && !activities.some(isThen)) yield finding('last seen without activity', sight)
}

function* wentBack(story: readonly Sight[]): Iterable<PresenceFinding> {
  let latest = -Infinity
  for (const sight of story) {
    if ((sight.lastSeenAt ?? -Infinity) < latest) yield finding('last seen went back', sight)
    latest = Math.max(latest, sight.lastSeenAt ?? latest)
  }
}

/** After each activity that nothing followed in time, what the watcher took the person for when the window was over. */
function* tooLong(
  story: readonly Sight[],
  { activities, faults, endedAt }: PresenceHistory,
  { windowMs, toleranceMs }: Window,
): Iterable<PresenceFinding> {
  const own = activities.filter(({ person }) => person === story[0]?.person)
  for (const { until } of own) {
    const due = healedBy(until + windowMs + toleranceMs, faults)
    const wentOn = own.some((other) => other.until > until && other.from < due)
    const believed = story.findLast(({ at }) => at <= due)
    if (!wentOn && due <= endedAt && believed?.online === true) yield finding('online for too long', believed)
  }
}

/** The first moment from `at` on in which nothing is broken. */
function healedBy(at: number, faults: PresenceHistory['faults']): number {
  const during = faults.find(({ from, until }) => from <= at && at < until)
  return during === undefined ? at : healedBy(during.until, faults)
}

function finding(rule: PresenceRule, { watcher, person, at, online, lastSeenAt }: Sight): PresenceFinding {
  const seen = lastSeenAt === null ? 'never' : new Date(lastSeenAt).toISOString()
  return {
    rule,
    text: `${watcher} was told at ${new Date(at).toISOString()}: ${person} online ${online}, last seen ${seen}`,
  }
}
