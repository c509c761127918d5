/** What the people saw in one second of a run. Times in milliseconds; NaN where nothing happened that could be timed. */
export type Second = Readonly<{
  /** Since the load began. */
  at: number
  /** Messages that people wanted to send. */
  offered: number
  acknowledged: number
  /** Messages that reached the other person. */
  received: number
  /** From send to receive. */
  receiveP50: number
  receiveP99: number
  /** From a message's arrival until its sender knows of it. */
  receiptP50: number
  receiptP99: number
  /** Sends that were refused, by code. */
  refused: Readonly<Record<string, number>>
  /** People who came, and how many of them were turned away. */
  newcomers: number
  turnedAway: number
}>

/** What was found when all was over. */
export type Ending = Readonly<{
  acknowledged: number
  /** Acknowledged, and never received by the other person. */
  lost: number
  /** Received again, after a reconnect. */
  repeated: number
  /** Messages that arrived and that their sender was never told of. */
  receiptsMissing: number
  /** How long after the last send everybody had everything, in milliseconds. */
  settledMs: number
}>

/** What the gateway said of itself in that second; NaN where it was too busy to answer. */
export type GatewaySecond = Readonly<{ level: number; pressure: number; memoryMb: number }>

export type Row = Second & GatewaySecond

/** What the program of the people prints, one JSON text in a line. */
export type Line = Readonly<{ type: 'second'; second: Second } | { type: 'end'; ending: Ending }>

/** The value below which the given share of all lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN
}
