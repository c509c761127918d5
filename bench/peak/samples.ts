/** One second of a run, as the users see it. Times are in milliseconds, or NaN without samples. */
export type Second = Readonly<{
  /** Seconds since the load began. */
  at: number
  /** Messages that users tried to send. */
  offered: number
  acknowledged: number
  /** Messages that reached the other user. */
  received: number
  /** Time from send to receive. */
  receiveP50: number
  receiveP99: number
  /** Time from a message's arrival until its sender receives the receipt. */
  receiptP50: number
  receiptP99: number
  /** Rejected sends by code. */
  refused: Readonly<Record<string, number>>
  /** New connections, and how many of them were closed at once. */
  newcomers: number
  turnedAway: number
}>

/** The figures at the end of a run. */
export type Ending = Readonly<{
  acknowledged: number
  /** Acknowledged, and never received by the other user. */
  lost: number
  /** Received again after a reconnect. */
  repeated: number
  /** Messages that arrived, but whose sender received no receipt. */
  receiptsMissing: number
  /** Time from the last send until all messages and receipts had arrived, in milliseconds. */
  settledMs: number
}>

/** The gateway's metrics in that second. NaN if it did not answer. */
export type GatewaySecond = Readonly<{ level: number; pressure: number; memoryMb: number }>

export type Row = Second & GatewaySecond

/** The output of the simulated users, one JSON text per line. */
export type Line = Readonly<{ type: 'second'; second: Second } | { type: 'end'; ending: Ending }>
