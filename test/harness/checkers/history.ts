/** What became of a send, as its sender knows: `fail` did definitely not happen, `info` may have. */
export type Outcome =
  | Readonly<{ type: 'ok'; seq: number; id: string }>
  | Readonly<{ type: 'fail'; reason: string }>
  | Readonly<{ type: 'info'; reason: string }>

/** A message as one may recognise it. */
export type Content = Readonly<{ chatId: string; sender: string; key: string; body: string | null }>

/** A send. Its times are positions in the run's one order of starts and ends, and not of any clock. */
export type Send = Content & Readonly<{ startedAt: number; endedAt: number; outcome: Outcome }>

/** An entry of a chat's log. */
export type Entry = Content & Readonly<{ seq: number }>

/** An event that a device received. Each time that the device subscribes, `subscription` is a higher number. */
export type Delivery = Entry & Readonly<{ device: string; subscription: number }>

/** What happened in a run: all that a checker judges by. */
export type History = Readonly<{
  /** The chats, with the ids of their members. */
  members: ReadonlyMap<string, readonly string[]>
  /** The devices, with the ids of the persons they belong to. */
  devices: ReadonlyMap<string, string>
  sends: readonly Send[]
  deliveries: readonly Delivery[]
  /** The logs of all chats, as the database has them when all is over. */
  log: readonly Entry[]
  /** What devices were told besides: that they can't be given everything. */
  resets: readonly string[]
}>

/** Writes a history while it happens. */
export class Recorder implements History {
  readonly members = new Map<string, readonly string[]>()
  readonly devices = new Map<string, string>()
  readonly deliveries: Delivery[] = []
  readonly log: Entry[] = []
  readonly resets: string[] = []
  readonly #sends = new Set<Omit<Send, 'endedAt' | 'outcome'> & Partial<Pick<Send, 'endedAt' | 'outcome'>>>()
  #time = 0

  /** All sends; of those that are still under way, nobody knows the outcome. */
  get sends(): readonly Send[] {
    const unknown = { endedAt: Infinity, outcome: { type: 'info', reason: 'under way' } as const }
    return [...this.#sends].map((send) => ({ ...unknown, ...send }))
  }

  /** A send begins; to be called with its outcome when that is known. */
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
