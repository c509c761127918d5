import { type Backoff, backoffMs } from '../lib/backoff.ts'

/*
 * The connection of a client, as a pure function. The shell (connection.ts) performs the effects and feeds back what
 * happens. Every arrow is a case of `transition`.
 *
 *                 start                opened              caughtUp
 *      idle ───────────────▶ connecting ──────▶ catching-up ──────▶ live
 *                             ▲  │                   │               │
 *                  retry,     │  │ closed            │ closed        │ closed
 *                  networkUp  │  ▼                   ▼               │
 *                            offline ◀───────────────┴───────────────┘
 *                                │
 *      signed-out ◀──────────────┘ the token is rejected twice, or the app has no other
 *
 *      stop leads from every state to `stopped`, which nothing leaves.
 */

export type State =
  | Readonly<{ type: 'idle' }>
  | Readonly<{ type: 'connecting'; attempt: number; rejections: number }>
  | Readonly<{ type: 'catching-up'; attempt: number; rejections: number }>
  | Readonly<{ type: 'live' }>
  | Readonly<{ type: 'offline'; attempt: number; rejections: number; retryAtMs: number; reason: string }>
  | Readonly<{ type: 'signed-out'; reason: string }>
  | Readonly<{ type: 'stopped' }>

export type Input =
  | Readonly<{ type: 'start' }>
  /** The server has acknowledged the connection. */
  | Readonly<{ type: 'opened' }>
  /** The inbox has delivered CaughtUp, and the snapshot is applied. */
  | Readonly<{ type: 'caughtUp' }>
  /** The socket is gone, or could not be opened. `random` is in [0, 1). */
  | Readonly<{ type: 'closed'; code: number; reason: string; nowMs: number; random: number }>
  /** The app's token function failed. */
  | Readonly<{ type: 'noToken'; reason: string }>
  /** The wait before the next attempt is over. */
  | Readonly<{ type: 'retry' }>
  /** The browser is online again, the page is visible again, or the user is active. */
  | Readonly<{ type: 'networkUp' }>
  | Readonly<{ type: 'stop' }>

export type Effect =
  | Readonly<{ type: 'connect'; freshToken: boolean }>
  | Readonly<{ type: 'scheduleRetry'; ms: number }>
  /** Ends the connection, or the wait for the next attempt. */
  | Readonly<{ type: 'disconnect' }>

export type Step = Readonly<{ state: State; effects: readonly Effect[] }>

/** Close codes of the server: the token is rejected; the gateway has no room at the moment. */
const FORBIDDEN = 4403
const OVERLOADED = 4503

/** Fast while a short fault lasts: an online device has every event at most 5 s after the fault heals. */
const BACKOFF: Backoff = { firstMs: 250, maxMs: 4_000 }
/** After so many attempts, about a minute, the fault is not a short one. */
const PATIENT_AFTER = 16
const PATIENT_BACKOFF: Backoff = { firstMs: 30_000, maxMs: 30_000 }
/** A token that was rejected so often in a row, the last time fresh from the app, is not valid. */
const MAX_REJECTIONS = 2

export const INITIAL: State = { type: 'idle' }

/** `canRenew`: the app can provide another token than the one that was rejected. */
export function transition(state: State, input: Input, canRenew: boolean): Step {
  if (state.type === 'stopped') return to(state)
  if (input.type === 'stop') return to({ type: 'stopped' }, { type: 'disconnect' })
  switch (state.type) {
    case 'idle':
    case 'signed-out':
      return input.type === 'start' ? connect(0, 0) : to(state)
    case 'connecting':
      return input.type === 'opened'
        ? to({ ...state, type: 'catching-up' })
        : lost(state, state, input, canRenew)
    case 'catching-up':
      return input.type === 'caughtUp' ? to({ type: 'live' }) : lost(state, state, input, canRenew)
    case 'live':
      return lost(state, { attempt: 0, rejections: 0 }, input, canRenew)
    case 'offline':
      if (input.type === 'retry') return connect(state.attempt + 1, state.rejections)
      if (input.type === 'networkUp') return connect(0, state.rejections, { type: 'disconnect' })
      return to(state)
    default:
      return state satisfies never
  }
}

type Attempt = Readonly<{ attempt: number; rejections: number }>

/** The connection is gone, unless the input says something else. */
function lost(state: State, { attempt, rejections: before }: Attempt, input: Input, canRenew: boolean): Step {
  if (input.type === 'noToken') return signedOut(input.reason)
  if (input.type !== 'closed') return to(state)
  const rejections = input.code === FORBIDDEN ? before + 1 : 0
  if (rejections > 0 && (!canRenew || rejections >= MAX_REJECTIONS)) return signedOut(input.reason)
  const ms = waitMs(attempt, rejections, input)
  return to(
    { type: 'offline', attempt, rejections, retryAtMs: input.nowMs + ms, reason: input.reason },
    { type: 'disconnect' },
    { type: 'scheduleRetry', ms },
  )
}

function waitMs(attempt: number, rejections: number, input: Extract<Input, { type: 'closed' }>): number {
  // A token that expired is replaced at once.
  if (rejections > 0) return 0
  // An overloaded gateway gives each client a time of its own. Another wait would undo that.
  const hint = input.code === OVERLOADED ? /(\d+) ms/.exec(input.reason)?.[1] : undefined
  if (hint !== undefined) return Number(hint)
  return backoffMs(attempt, attempt < PATIENT_AFTER ? BACKOFF : PATIENT_BACKOFF, input.random)
}

function connect(attempt: number, rejections: number, ...before: Effect[]): Step {
  return to({ type: 'connecting', attempt, rejections }, ...before, {
    type: 'connect',
    freshToken: rejections > 0,
  })
}

function signedOut(reason: string): Step {
  return to({ type: 'signed-out', reason }, { type: 'disconnect' })
}

/** The next state, which may be the same, and what to do. */
function to(state: State, ...effects: Effect[]): Step {
  return { state, effects }
}
