/** A span of the wall clock in milliseconds, without its end. */
export type Span = Readonly<{ from: number; until: number }>

/** An activity of a person at an unknown moment of this span: between the request and its response. */
export type Activity = Span &
  Readonly<{
    person: string
    /** Whether there was a response. Without one, the activity may or may not have counted. */
    isCertain: boolean
  }>

/** The presence of a person as the API returns it. */
export type PresenceState = Readonly<{ person: string; online: boolean | null; lastSeenAt: number | null }>

/** A state received by a subscription. It holds until the next state, or until the subscription ends. */
export type WatchedState = PresenceState & Span & Readonly<{ subscription: PresenceSubscription }>

/** A state returned by a query. Its span lasts from the request to the response. */
export type QueriedState = PresenceState & Span & Readonly<{ viewer: string }>

/** One subscription to the presence of all people, from its start to its end. */
export type PresenceSubscription = Span & Readonly<{ watcher: string }>

/** The presence that a run observed: the input of the checker. */
export type PresenceHistory = Readonly<{
  /** The people whose presence every subscription watches. */
  people: readonly string[]
  activities: readonly Activity[]
  subscriptions: readonly PresenceSubscription[]
  /** In the order in which they were received. */
  watchedStates: readonly WatchedState[]
  queriedStates: readonly QueriedState[]
  /** When something was broken or had not recovered yet. The online state may be unknown then. */
  faults: readonly Span[]
}>

type Open<Item> = { -readonly [Key in keyof Item]: Item[Key] }

/** Records a history during a run. Items in progress end at infinity. */
export class PresenceRecorder implements PresenceHistory {
  readonly people: readonly string[]
  readonly activities: Activity[] = []
  readonly subscriptions: PresenceSubscription[] = []
  readonly watchedStates: WatchedState[] = []
  readonly queriedStates: QueriedState[] = []
  readonly faults: Span[] = []

  constructor(people: readonly string[]) {
    this.people = people
  }

  /** Records the start of an activity. Call the returned function with whether there was a response. */
  startActivity(person: string): (isCertain: boolean) => void {
    const activity: Open<Activity> = { person, from: Date.now(), until: Infinity, isCertain: false }
    this.activities.push(activity)
    return (isCertain) => {
      activity.until = after(activity)
      activity.isCertain = isCertain
    }
  }

  /** Records the start of a fault. Call the returned function at its end, with how long the recovery may take. */
  startFault(): (recoveryMs: number) => void {
    const fault: Open<Span> = { from: Date.now(), until: Infinity }
    this.faults.push(fault)
    return (recoveryMs) => {
      fault.until = Date.now() + recoveryMs
    }
  }

  /** Records the response to a query that was sent at `from`. */
  recordQuery(viewer: string, from: number, state: PresenceState): void {
    this.queriedStates.push({ ...state, viewer, from, until: after({ from }) })
  }

  /** Records the start of a subscription. Call `record` for each state received, and `end` at its end. */
  startSubscription(watcher: string): Readonly<{ record(state: PresenceState): void; end(): void }> {
    const subscription: Open<PresenceSubscription> = { watcher, from: Date.now(), until: Infinity }
    const current = new Map<string, Open<WatchedState>>()
    this.subscriptions.push(subscription)
    return {
      record: (state) => {
        const before = current.get(state.person)
        if (before !== undefined) before.until = after(before)
        const watched: Open<WatchedState> = { ...state, subscription, from: Date.now(), until: Infinity }
        current.set(state.person, watched)
        this.watchedStates.push(watched)
      },
      end: () => {
        subscription.until = after(subscription)
        for (const watched of current.values()) watched.until = after(watched)
      },
    }
  }
}

/** Returns the current time, or one millisecond after the start if no time has passed, so that no span is empty. */
function after({ from }: Pick<Span, 'from'>): number {
  return Math.max(Date.now(), from + 1)
}
