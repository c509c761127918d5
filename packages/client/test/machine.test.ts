import { expect, test } from 'vitest'
import { type Effect, INITIAL, type Input, type State, transition } from '../src/connection/machine.ts'

const closed = (code: number, reason = ''): Input => ({
  type: 'closed',
  code,
  reason,
  nowMs: 1_000,
  random: 0,
})

/** The state and the effects of the last input, after all of them. */
function after(inputs: readonly Input[], canRenew = true): { state: State; effects: readonly Effect[] } {
  return inputs.reduce((step, input) => transition(step.state, input, canRenew), {
    state: INITIAL,
    effects: [] as readonly Effect[],
  })
}

const START: Input = { type: 'start' }
const OPENED: Input = { type: 'opened' }
const LIVE: readonly Input[] = [START, OPENED, { type: 'caughtUp' }]

test('goes from connecting through catching up to live', () => {
  expect(after([START])).toEqual({
    state: { type: 'connecting', attempt: 0, rejections: 0 },
    effects: [{ type: 'connect', freshToken: false }],
  })
  expect(after([START, OPENED]).state.type).toBe('catching-up')
  expect(after(LIVE).state.type).toBe('live')
})

test('waits before it connects again, longer with each attempt, with jitter', () => {
  const retries = (count: number): Input[] =>
    Array.from({ length: count }).flatMap((): Input[] => [closed(1006), { type: 'retry' }])
  const waits = [0, 1, 2, 3, 4, 5].map((count) => after([START, ...retries(count), closed(1006)]).effects[1])
  expect(waits).toEqual([125, 250, 500, 1_000, 2_000, 2_000].map((ms) => ({ type: 'scheduleRetry', ms })))
  const { state } = transition(after([START]).state, { ...closed(1006), random: 1 } as Input, true)
  expect(state).toMatchObject({ type: 'offline', retryAtMs: 1_250 })
})

test('waits for half a minute once it has tried for a minute', () => {
  const retries = Array.from({ length: 16 }).flatMap((): Input[] => [closed(1006), { type: 'retry' }])
  expect(after([START, ...retries, closed(1006)]).effects[1]).toEqual({ type: 'scheduleRetry', ms: 15_000 })
})

test('waits exactly as long as an overloaded gateway asks for', () => {
  const { effects } = after([...LIVE, closed(4503, 'Overloaded; come back in 7250 ms')])
  expect(effects[1]).toEqual({ type: 'scheduleRetry', ms: 7_250 })
})

test('connects at once with a fresh token when the old one has expired', () => {
  expect(after([...LIVE, closed(4403, 'Token expired')]).effects[1]).toEqual({ type: 'scheduleRetry', ms: 0 })
  const { effects } = after([...LIVE, closed(4403, 'Token expired'), { type: 'retry' }])
  expect(effects).toEqual([{ type: 'connect', freshToken: true }])
})

test('signs out when a fresh token is rejected too', () => {
  const { state } = after([START, closed(4403), { type: 'retry' }, closed(4403, 'Forbidden')])
  expect(state).toEqual({ type: 'signed-out', reason: 'Forbidden' })
})

test('signs out at the first rejection of a token that cannot be renewed', () => {
  expect(after([START, closed(4403, 'Forbidden')], false).state).toEqual({
    type: 'signed-out',
    reason: 'Forbidden',
  })
})

test('forgets earlier rejections once it was live', () => {
  const again: Input[] = [closed(4403), { type: 'retry' }, OPENED, { type: 'caughtUp' }]
  expect(after([...LIVE, ...again, closed(4403)]).state.type).toBe('offline')
})

test('signs out when the app has no token', () => {
  expect(after([START, { type: 'noToken', reason: 'Not signed in' }]).state).toEqual({
    type: 'signed-out',
    reason: 'Not signed in',
  })
})

test('connects at once when the network is up again', () => {
  const { state, effects } = after([START, closed(1006), { type: 'networkUp' }])
  expect(state).toEqual({ type: 'connecting', attempt: 0, rejections: 0 })
  expect(effects).toEqual([{ type: 'disconnect' }, { type: 'connect', freshToken: false }])
})

test('ignores what does not concern the present state', () => {
  expect(after([...LIVE, { type: 'networkUp' }])).toEqual({ state: { type: 'live' }, effects: [] })
  expect(after([START, { type: 'caughtUp' }]).state.type).toBe('connecting')
  expect(after([closed(1006)]).state).toEqual(INITIAL)
})

test('does nothing more once it is stopped', () => {
  const { state, effects } = after([...LIVE, { type: 'stop' }])
  expect(state).toEqual({ type: 'stopped' })
  expect(effects).toEqual([{ type: 'disconnect' }])
  for (const input of [START, OPENED, closed(1006), { type: 'retry' } as const]) {
    expect(transition(state, input, true)).toEqual({ state, effects: [] })
  }
})
