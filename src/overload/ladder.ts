import { below, levelOf, lower, type Pressure, rankOf } from './levels.ts'
import { demanded, isCalm, type Readings } from './thresholds.ts'

/** Where a gateway stands, and what it remembers of how it came there. All times are monotonic milliseconds. */
export type Ladder = Readonly<{
  pressure: Pressure
  since: number
  /** What the latest readings asked for, one after the other, as long as each asked for more than there is. */
  rising: readonly Pressure[]
  /** Since when every reading has been calm; undefined: it is not calm. */
  calmSince: number | undefined
  /** How long to stay, at least. */
  stayMs: number
  /** When it last went down. */
  descendedAt: number
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

export function startLadder(now: number): Ladder {
  return {
    pressure: 'NORMAL',
    since: now,
    rising: [],
    calmSince: undefined,
    stayMs: 0,
    descendedAt: -Infinity,
  }
}

/**
 * The next position, after a reading. Up at once as far as several readings in a row agree on; down one step at a
 * time, when it has been calm for a while and the stay was long enough. Pausing something takes load away, so the
 * first calm proves little: who goes up and down by turns stays longer each time.
 */
export function step(ladder: Ladder, readings: Readings, now: number): Ladder {
  const wanted = demanded(readings)
  if (rankOf(wanted) > rankOf(ladder.pressure)) return rise(ladder, wanted, now)
  const isQuiet = isCalm(ladder.pressure, readings)
  const calmSince = isQuiet ? (ladder.calmSince ?? now) : undefined
  const next = { ...ladder, rising: [], calmSince }
  return mayDescend(next, now) ? descend(next, now) : next
}

/** When it may be over at the earliest, in milliseconds from now. */
export function earliestEndMs({ since, stayMs }: Ladder, now: number): number {
  return Math.max(0, since + stayMs - now)
}

function rise(ladder: Ladder, wanted: Pressure, now: number): Ladder {
  const rising = [...ladder.rising, wanted]
  if (rising.length < READINGS_TO_RISE) return { ...ladder, rising, calmSince: undefined }
  const pressure = rising.reduce(lower)
  const wasTooEarly =
    now - ladder.descendedAt < TOO_EARLY_MS && levelOf(pressure) !== levelOf(ladder.pressure)
  const stayMs = wasTooEarly ? Math.max(ladder.stayMs * 2, STAY_MS[pressure]) : STAY_MS[pressure]
  const next = { pressure, since: now, rising: [], calmSince: undefined }
  return { ...next, stayMs: Math.min(stayMs, MAX_STAY_MS), descendedAt: ladder.descendedAt }
}

function mayDescend({ pressure, since, stayMs, calmSince }: Ladder, now: number): boolean {
  if (pressure === 'NORMAL' || calmSince === undefined) return false
  return now - calmSince >= CALM_MS && now - since >= stayMs
}

function descend(ladder: Ladder, now: number): Ladder {
  const pressure = below(ladder.pressure)
  // The stay that was due is remembered at NORMAL, to be doubled if this was too early.
  const stayMs = pressure === 'NORMAL' ? ladder.stayMs : Math.max(ladder.stayMs, STAY_MS[pressure])
  return { ...ladder, pressure, since: now, stayMs, calmSince: now, descendedAt: now }
}
