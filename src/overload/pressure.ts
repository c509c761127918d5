import { below, levelOf, lower, type Pressure, rankOf } from './levels.ts'
import { pressureFor, isCalm, type Readings } from './thresholds.ts'

/** Where a gateway stands, and what it remembers of how it came there. All times are monotonic milliseconds. */
export type PressureState = Readonly<{
  pressure: Pressure
  since: number
  /** What the latest readings asked for, one after the other, as long as each asked for more than there is. */
  raisesInARow: readonly Pressure[]
  /** Since when every reading has been calm; undefined: it is not calm. */
  calmSince: number | undefined
  /** How long to stay, at least. */
  minDurationMs: number
  /** When it last went down. */
  loweredAt: number
}>

/** So many readings in a row have to ask for more: one slow commit, or one collection of garbage, is no peak day. */
const READINGS_TO_RISE = 3
const CALM_MS = 3_000
const STAY_MS = { NORMAL: 0, BUSY: 10_000, ESSENTIAL: 10_000, BEYOND: 3_000 } as const satisfies Record<
  Pressure,
  number
>
/** Who went down and has to go up again so soon was too early, and stays twice as long. */
const TOO_EARLY_MS = 60_000
const MAX_STAY_MS = 120_000

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
 * The next position, after a reading. Up at once as far as several readings in a row agree on; down one step at a
 * time, when it has been calm for a while and the stay was long enough. Pausing something takes load away, so the
 * first calm proves little: who goes up and down by turns stays longer each time.
 */
export function transition(ladder: PressureState, readings: Readings, now: number): PressureState {
  const wanted = pressureFor(readings)
  if (rankOf(wanted) > rankOf(ladder.pressure)) return rise(ladder, wanted, now)
  const isQuiet = isCalm(ladder.pressure, readings)
  const calmSince = isQuiet ? (ladder.calmSince ?? now) : undefined
  const next = { ...ladder, raisesInARow: [], calmSince }
  return mayDescend(next, now) ? descend(next, now) : next
}

/** When it may be over at the earliest, in milliseconds from now. */
export function earliestEndMs({ since, minDurationMs: stayMs }: PressureState, now: number): number {
  return Math.max(0, since + stayMs - now)
}

function rise(ladder: PressureState, wanted: Pressure, now: number): PressureState {
  const rising = [...ladder.raisesInARow, wanted]
  if (rising.length < READINGS_TO_RISE) return { ...ladder, raisesInARow: rising, calmSince: undefined }
  const pressure = rising.reduce(lower)
  const wasTooEarly = now - ladder.loweredAt < TOO_EARLY_MS && levelOf(pressure) !== levelOf(ladder.pressure)
  const stayMs = wasTooEarly ? Math.max(ladder.minDurationMs * 2, STAY_MS[pressure]) : STAY_MS[pressure]
  const next = { pressure, since: now, raisesInARow: [], calmSince: undefined }
  return { ...next, minDurationMs: Math.min(stayMs, MAX_STAY_MS), loweredAt: ladder.loweredAt }
}

function mayDescend(
  { pressure, since, minDurationMs: stayMs, calmSince }: PressureState,
  now: number,
): boolean {
  if (pressure === 'NORMAL' || calmSince === undefined) return false
  return now - calmSince >= CALM_MS && now - since >= stayMs
}

function descend(ladder: PressureState, now: number): PressureState {
  const pressure = below(ladder.pressure)
  // The stay that was due is remembered at NORMAL, to be doubled if this was too early.
  const stayMs =
    pressure === 'NORMAL' ? ladder.minDurationMs : Math.max(ladder.minDurationMs, STAY_MS[pressure])
  return { ...ladder, pressure, since: now, minDurationMs: stayMs, calmSince: now, loweredAt: now }
}
