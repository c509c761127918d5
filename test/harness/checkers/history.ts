/**
 * The outcome of a send as its sender knows it: `ok` is stored, `fail` is definitely not stored, and for `info` the
 * outcome is unknown.
 */
export type Outcome =
  | Readonly<{ type: 'ok'; seq: number; id: string }>
  | Readonly<{ type: 'fail'; reason: string }>
  | Readonly<{ type: 'info'; reason: string }>

/** The identity of a message, and its text. */
export type Content = Readonly<{ chatId: string; sender: string; key: string; body: string | null }>

/** A send. Its times are positions in the run's single order of starts and ends, not times of a clock. */
export type Send = Content & Readonly<{ startedAt: number; endedAt: number; outcome: Outcome }>

/** An event of a chat's log. */
export type LoggedEvent = Content & Readonly<{ seq: number }>

/** An event that a device received. Each new subscription of a device has a higher number. */
export type Delivery = LoggedEvent & Readonly<{ device: string; subscription: number }>

/** Watermarks of a member that a device received, in the order of arrival. */
export type Receipt = Readonly<{
  device: string
  subscription: number
  chatId: string
  userId: string
  deliveredSeq: number
  readSeq: number
}>

/** The events of a run: the input of the checker. */
export type History = Readonly<{
  /** The ids of the members by chat. */
  members: ReadonlyMap<string, readonly string[]>
  /** The id of the owner by device. */
  devices: ReadonlyMap<string, string>
  sends: readonly Send[]
  deliveries: readonly Delivery[]
  receipts: readonly Receipt[]
  /** The logs of all chats, read from the database at the end. */
  log: readonly LoggedEvent[]
  /** The devices that received InboxReset, once per reset. */
  resets: readonly string[]
}>

/** Records a history during a run. */
export class HistoryRecorder implements History {
  readonly members = new Map<string, readonly string[]>()
  readonly devices = new Map<string, string>()
  readonly deliveries: Delivery[] = []
  readonly receipts: Receipt[] = []
  readonly log: LoggedEvent[] = []
  readonly resets: string[] = []
  readonly #sends = new Set<Omit<Send, 'endedAt' | 'outcome'> & Partial<Pick<Send, 'endedAt' | 'outcome'>>>()
  #time = 0

  /** All sends. The outcome of sends in progress is unknown. */
  get sends(): readonly Send[] {
    const unknown = { endedAt: Infinity, outcome: { type: 'info', reason: 'in progress' } as const }
    return [...this.#sends].map((send) => ({ ...unknown, ...send }))
  }

  /** Records the start of a send. Call the returned function with its outcome. */
  startSend(content: Content): (outcome: Outcome) => void {
    const send: Content & { startedAt: number; endedAt?: number; outcome?: Outcome } = {
      ...content,
      startedAt: this.#tick(),
    }
    this.#sends.add(send)
    return (outcome) => {
      send.endedAt = this.#tick()
      send.outcome = outcome
    }
  }

  #tick(): number {
    return (this.#time += 1)
  }
}
