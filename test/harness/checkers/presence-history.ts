/** From one moment of the wall clock to another and later one, in milliseconds, the latter not included. */
export type Span = Readonly<{ from: number; until: number }>

/** Something that a person did at some moment of this span. */
export type Activity = Span &
  Readonly<{
    person: string
    /** Whether it was answered; what wasn't may or may not have counted. */
    isCertain: boolean
  }>

/** What is said of a person. */
export type State = Readonly<{ person: string; online: boolean | null; lastSeenAt: number | null }>

/** What a watcher took a person for, from being told so until being told otherwise or losing the connection. */
export type Sight = State & Span & Readonly<{ watch: Watch }>

/** What a query said that was asked and answered within this span. */
export type Look = State & Span & Readonly<{ viewer: string }>

/** One subscription to everybody's presence, from its start to its end. */
export type Watch = Span & Readonly<{ watcher: string }>

/** What a run has to say about presence. */
export type PresenceHistory = Readonly<{
  /** Whom everybody watches. */
  people: readonly string[]
  activities: readonly Activity[]
  watches: readonly Watch[]
  /** In the order in which they were told. */
  sights: readonly Sight[]
  looks: readonly Look[]
  /** When something was broken, or had not healed yet, so that it need not be known who is online. */
  faults: readonly Span[]
}>

type Open<Item> = { -readonly [Key in keyof Item]: Item[Key] }

/** Writes such a history while it happens: whatever is not over yet has no end. */
export class PresenceRecorder implements PresenceHistory {
  readonly people: readonly string[]
  readonly activities: Activity[] = []
  readonly watches: Watch[] = []
  readonly sights: Sight[] = []
  readonly looks: Look[] = []
  readonly faults: Span[] = []

  constructor(people: readonly string[]) {
    this.people = people
  }

  /** Somebody does something; to be called with whether it was answered. */
  startActivity(person: string): (isCertain: boolean) => void {
    const activity: Open<Activity> = { person, from: Date.now(), until: Infinity, isCertain: false }
    this.activities.push(activity)
    return (isCertain) => {
      activity.until = after(activity)
      activity.isCertain = isCertain
    }
  }

  /** Something breaks; to be called when it is mended, with how long it may take to heal. */
  startFault(): (healMs: number) => void {
    const fault: Open<Span> = { from: Date.now(), until: Infinity }
    this.faults.push(fault)
    return (healMs) => {
      fault.until = Date.now() + healMs
    }
  }

  /** A query that was asked at `from` was answered. */
  noteLook(viewer: string, from: number, state: State): void {
    this.looks.push({ ...state, viewer, from, until: after({ from }) })
  }

  /** Somebody subscribes; answers with what to call when they are told, and when it has ended. */
  startWatch(watcher: string): Readonly<{ tell(state: State): void; end(): void }> {
    const watch: Open<Watch> = { watcher, from: Date.now(), until: Infinity }
    const current = new Map<string, Open<Sight>>()
    this.watches.push(watch)
    return {
      tell: (state) => {
        const before = current.get(state.person)
        if (before !== undefined) before.until = after(before)
        const sight: Open<Sight> = { ...state, watch, from: Date.now(), until: Infinity }
        current.set(state.person, sight)
        this.sights.push(sight)
      },
      end: () => {
        watch.until = after(watch)
        for (const sight of current.values()) sight.until = after(sight)
      },
    }
  }
}

/** Now, unless that is the very millisecond in which it began. */
function after({ from }: Pick<Span, 'from'>): number {
  return Math.max(Date.now(), from + 1)
}
