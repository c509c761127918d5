import { type Pressure, PRESSURES } from './levels.ts'

/** What a gateway measures of itself. */
export type Readings = Readonly<{
  /** By how much timers were late, nine of ten times, since the last reading. Milliseconds. */
  eventLoopDelayMs: number
  /** The longest that a client's message waited before it was begun; what is refused does not count. Milliseconds. */
  waitingToBeReadMs: number
  /** Messages that wait to be stored. */
  waitingSends: number
  /** How long a batch takes to be stored, or has been under way already. Milliseconds. */
  commitMs: number
  /** Statements that wait for a connection to the database. */
  waitingStatements: number
  /** Of what this process may have, 0 to 1. */
  memoryShare: number
}>

/** Reached at `up`, and left only below `down`. */
export type Threshold = Readonly<{ up: number; down: number }>
type Raised = Exclude<Pressure, 'NORMAL'>

export const THRESHOLDS: Readonly<Record<keyof Readings, Readonly<Record<Raised, Threshold>>>> = {
  eventLoopDelayMs: {
    BUSY: { up: 60, down: 30 },
    ESSENTIAL: { up: 150, down: 75 },
    BEYOND: { up: 400, down: 200 },
  },
  waitingToBeReadMs: {
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

const SIGNALS = Object.keys(THRESHOLDS) as (keyof Readings)[]

/** The highest pressure that any of the readings has reached. */
export function pressureFor(readings: Readings): Pressure {
  return PRESSURES.findLast((pressure) => isReached(pressure, readings)) ?? 'NORMAL'
}

/** Whether every reading is below what would keep this pressure up. */
export function isCalm(pressure: Pressure, readings: Readings): boolean {
  if (pressure === 'NORMAL') return true
  return SIGNALS.every((signal) => readings[signal] < THRESHOLDS[signal][pressure].down)
}

function isReached(pressure: Pressure, readings: Readings): boolean {
  if (pressure === 'NORMAL') return true
  return SIGNALS.some((signal) => readings[signal] >= THRESHOLDS[signal][pressure].up)
}
