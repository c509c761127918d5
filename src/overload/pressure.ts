import { below, levelOf, lower, type Pressure, rankOf } from './levels.ts'
import { isCalm, pressureFor, type Readings } from './thresholds.ts'

/** The pressure of a gateway, and the history that decides about the next one. Times are monotonic milliseconds. */
export type PressureState = Readonly<{
  pressure: Pressure
  since: number
  /** The pressures that the latest readings demanded, as long as each was above the present one. */
  raisesInARow: readonly Pressure[]
  /** Since when every reading has been calm. Undefined if the last one was not. */
  calmSince: number | undefined
  /** How long this pressure lasts at least. */
  minDurationMs: number
  loweredAt: number
}>

/** How many readings in a row must demand more. One slow commit or one garbage collection must change nothing. */
const READINGS_TO_RAISE = 3
/** How long readings must be calm before the pressure is lowered, in milliseconds. */
const CALM_MS = 3_000
const MIN_DURATION_MS = {
  NORMAL: 0,
  BUSY: 10_000,
  ESSENTIAL: 10_000,
  BEYOND: 3_000,
} as const satisfies Record<Pressure, number>
/** A raise that follows a lowering within this time shows that the lowering was too early. */
const TOO_EARLY_MS = 60_000
const MAX_MIN_DURATION_MS = 120_000

export function initialPressure(now: number): PressureState {
  return {
    pressure: 'NORMAL',
    since: now,
    raisesInARow: [],
    calmSince: undefined,
    minDurationMs: 0,
    loweredAt: -Infinity,
  }
}

/**
 * The state after a reading.
 *
 *     raise: 3 readings in a row demand more. Goes to the lowest of the three, over any number of steps.
 *     ┌────────────┬──────────────┬──────────────┐
 *     │            ▼              ▼              ▼
 *   NORMAL ◀──── BUSY ◀──── ESSENTIAL ◀────── BEYOND
 *     lower: one step, after 3 s of calm and at least 10 s (BEYOND: 3 s) at this pressure
 *
 * Pausing features removes load, so the first calm proves little. If the level rises again within a minute of a
 * lowering, its least duration doubles, up to two minutes.
 */
export function transition(state: PressureState, readings: Readings, now: number): PressureState {
  const demanded = pressureFor(readings)
  if (rankOf(demanded) > rankOf(state.pressure)) return countRaise(state, demanded, now)
  const calmSince = isCalm(state.pressure, readings) ? (state.calmSince ?? now) : undefined
  const next = { ...state, raisesInARow: [], calmSince }
  return mayLower(next, now) ? lowerByOne(next, now) : next
}

/** The time until the pressure can be lowered, at the earliest, in milliseconds. */
export function earliestEndMs({ since, minDurationMs }: PressureState, now: number): number {
  return Math.max(0, since + minDurationMs - now)
}

function countRaise(state: PressureState, demanded: Pressure, now: number): PressureState {
  const raisesInARow = [...state.raisesInARow, demanded]
  if (raisesInARow.length < READINGS_TO_RAISE) return { ...state, raisesInARow, calmSince: undefined }
  const pressure = raisesInARow.reduce(lower)
  const minDurationMs = Math.min(durationAfterRaise(state, pressure, now), MAX_MIN_DURATION_MS)
  const { loweredAt } = state
  return { pressure, since: now, raisesInARow: [], calmSince: undefined, minDurationMs, loweredAt }
}

function durationAfterRaise(state: PressureState, pressure: Pressure, now: number): number {
  const isOtherLevel = levelOf(pressure) !== levelOf(state.pressure)
  const wasLoweredTooEarly = isOtherLevel && now - state.loweredAt < TOO_EARLY_MS
  const usualMs = MIN_DURATION_MS[pressure]
  return wasLoweredTooEarly ? Math.max(state.minDurationMs * 2, usualMs) : usualMs
}

function mayLower({ pressure, since, minDurationMs, calmSince }: PressureState, now: number): boolean {
  if (pressure === 'NORMAL' || calmSince === undefined) return false
  return now - calmSince >= CALM_MS && now - since >= minDurationMs
}

function lowerByOne(state: PressureState, now: number): PressureState {
  const pressure = below(state.pressure)
  // NORMAL keeps the duration of the pressure before it, which is doubled if this lowering was too early.
  const minDurationMs =
    pressure === 'NORMAL' ? state.minDurationMs : Math.max(state.minDurationMs, MIN_DURATION_MS[pressure])
  return { ...state, pressure, since: now, minDurationMs, calmSince: now, loweredAt: now }
}
