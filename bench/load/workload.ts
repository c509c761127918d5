/** The users that a load process connects before a load runs. Each workload uses a part of it. */
export type Opening = Readonly<{
  /** WebSocket addresses of the gateways. */
  urls: readonly string[]
  secret: string
  /** Senders, each with a recipient of their own. */
  pairs: number
  /** Members of a group with an inbox. */
  members: number
}>

export type Load = Readonly<{
  seconds: number
  /** Messages a second of an open loop. */
  perSecond: number
  /** Messages in flight of a closed loop over one chat. */
  inFlight: number
}>

/** The figures of one run. Times are in milliseconds. */
export type Outcome = Readonly<{
  /** Units of work, by which CPU time is divided: messages, or deliveries. */
  count: number
  figures: Readonly<Record<string, number>>
}>

/** Applies a load. If the signal aborts, the run may end early. */
export type Run = (load: Load, signal: AbortSignal) => Promise<Outcome>

/** A kind of load. It connects its users. The run that it returns can then be called repeatedly. */
export type Workload = (opening: Opening) => Promise<Run>
