import { type Pressure, PRESSURES } from './levels.ts'

/** The measurements of one gateway. */
export type Readings = Readonly<{
  /** The 90th percentile of timer delays since the last reading, in milliseconds. */
  eventLoopDelayMs: number
  /** The longest wait of a client's message before it was processed, in milliseconds. Rejected ones do not count. */
  inboundWaitMs: number
  /** Messages that wait in lanes to be stored. */
  waitingSends: number
  /** How long a batch of messages takes to commit, including the commit in progress, in milliseconds. */
  commitMs: number
  /** Statements that wait for a database connection. */
  waitingStatements: number
  /** The used share of the memory that this process may use, from 0 to 1. */
  memoryShare: number
}>

/** A pressure is reached at `up`, and left only below `down`. */
export type Threshold = Readonly<{ up: number; down: number }>
type Raised = Exclude<Pressure, 'NORMAL'>

export const THRESHOLDS: Readonly<Record<keyof Readings, Readonly<Record<Raised, Threshold>>>> = {
  eventLoopDelayMs: {
    BUSY: { up: 60, down: 30 },
    ESSENTIAL: { up: 150, down: 75 },
    BEYOND: { up: 400, down: 200 },
  },
  inboundWaitMs: {
    BUSY: { up: 250, down: 100 },
    ESSENTIAL: { up: 750, down: 300 },
    BEYOND: { up: 1_500, down: 600 },
  },
  waitingSends: {
    BUSY: { up: 250, down: 50 },
    ESSENTIAL: { up: 1_000, down: 250 },
    BEYOND: { up: 4_000, down: 1_000 },
  },
  commitMs: {
    BUSY: { up: 150, down: 75 },
    ESSENTIAL: { up: 500, down: 250 },
    BEYOND: { up: 3_000, down: 1_500 },
  },
  waitingStatements: {
    BUSY: { up: 25, down: 5 },
    ESSENTIAL: { up: 100, down: 25 },
    BEYOND: { up: 500, down: 100 },
  },
  memoryShare: {
    BUSY: { up: 0.7, down: 0.6 },
    ESSENTIAL: { up: 0.8, down: 0.7 },
    BEYOND: { up: 0.9, down: 0.8 },
  },
}

/**
 * Sends that take long are not too many: the database may be far away, or slow for another reason. Throttling senders
 * and rejecting connections helps only if sends wait for each other.
 */
function isLoad(signal: keyof Readings, pressure: Raised, { waitingSends }: Readings): boolean {
  if (signal !== 'commitMs' || pressure !== 'BEYOND') return true
  return waitingSends >= THRESHOLDS.waitingSends.BUSY.up
}

const SIGNALS = Object.keys(THRESHOLDS) as (keyof Readings)[]

/** The highest pressure that any of the readings has reached. */
export function pressureFor(readings: Readings): Pressure {
  return PRESSURES.findLast((pressure) => isReached(pressure, readings)) ?? 'NORMAL'
}

/** Whether every reading is below the `down` threshold of this pressure. */
export function isCalm(pressure: Pressure, readings: Readings): boolean {
  if (pressure === 'NORMAL') return true
  return SIGNALS.every(
    (signal) => readings[signal] < THRESHOLDS[signal][pressure].down || !isLoad(signal, pressure, readings),
  )
}

function isReached(pressure: Pressure, readings: Readings): boolean {
  if (pressure === 'NORMAL') return true
  return SIGNALS.some(
    (signal) => readings[signal] >= THRESHOLDS[signal][pressure].up && isLoad(signal, pressure, readings),
  )
}
