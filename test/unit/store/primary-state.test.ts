import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Answers, Writable } from '../../../src/store/failover/choose-writer.ts'
import { type Effect, type PrimaryState, transition } from '../../../src/store/failover/primary-state.ts'
import type { ServerState } from '../../../src/store/sql/server-state.ts'

const SEARCHING: PrimaryState = { type: 'searching', sinceMs: 1_000, last: undefined, reported: [] }

function server(startedAt: string, timeline: number, isInRecovery = false): ServerState {
  const replication = { isSynchronous: false, standbys: 0, synchronousStandbys: 0 }
  const clock = { nowMs: 0, askedAt: 0, answeredAt: 0 }
  return { isInRecovery, timeline, position: 0, startedAt, replication, clock }
}

const old = server('old', 1)
const promoted = server('promoted', 2)
const writable = (host: number, { timeline, startedAt }: ServerState): Writable => ({
  host,
  timeline,
  startedAt,
})

/** Runs checks one after the other, 100 ms apart. Returns the last state and the effects of each check. */
function runChecks(checks: readonly Answers[], highestTimeline = 1, from = SEARCHING) {
  let state = from
  const effects: (readonly Effect[])[] = []
  for (const [index, answers] of checks.entries()) {
    const step = transition(state, { answers, highestTimeline, nowMs: 1_000 + 100 * (index + 1) })
    state = step.state
    effects.push(step.effects)
  }
  return { state, effects, types: effects.map((some) => some.map(({ type }) => type)) }
}

test('the first writer is found, with the time that the search took', () => {
  const { state, effects } = runChecks([[undefined], [old]])
  expect(effects).toEqual([[], [{ type: 'found', writer: writable(0, old), searchMs: 200 }]])
  expect(state).toMatchObject({ type: 'writable', last: { server: old }, misses: 0 })
})

test('a writer is lost after three checks in a row without an answer, and not before', () => {
  const { types } = runChecks([[old], [undefined], [undefined], [old], [undefined], [undefined], [undefined]])
  expect(types).toEqual([['found'], [], [], ['found'], [], [], ['lost']])
})

test('the loss is reported once, and the time of the search counts from it', () => {
  const { effects } = runChecks([[old], [undefined], [undefined], [undefined], [undefined], [old]])
  expect(effects.slice(3)).toEqual([
    [{ type: 'lost', reason: 'none', writer: writable(0, old) }],
    [],
    [{ type: 'found', writer: writable(0, old), searchMs: 200 }],
  ])
})

test('after a promotion, connections move to the new writer', () => {
  const { state, effects } = runChecks([
    [old, server('promoted', 1, true)],
    [undefined, promoted],
  ])
  const writer = writable(1, promoted)
  expect(effects[1]).toEqual([
    { type: 'moved', writer },
    { type: 'found', writer, searchMs: undefined },
  ])
  expect(state.last?.writer).toEqual(writer)
})

test('a restarted server counts as moved, because its connections are gone', () => {
  expect(runChecks([[old], [server('restarted', 1)]]).types[1]).toEqual(['moved', 'found'])
})

test('a writer on an outdated timeline is abandoned at once, with its open connections', () => {
  const { state } = runChecks([[old]])
  const { state: after, types } = runChecks([[old]], 2, state)
  expect(types).toEqual([['rejected', 'lost', 'abandoned']])
  expect(after).toMatchObject({ type: 'searching', last: { writer: writable(0, old) } })
})

test('two servers of one timeline are a split: neither is written to', () => {
  const { types } = runChecks([[promoted, server('other', 2)]])
  expect(types).toEqual([['rejected', 'abandoned']])
})

test('the known writer stays if a second one appears on its timeline, and the second is reported once', () => {
  const both = [promoted, server('other', 2)]
  const { types } = runChecks([[promoted, undefined], both, both, [promoted, undefined], both], 2)
  expect(types).toEqual([['found'], ['rejected', 'found'], ['found'], ['found'], ['rejected', 'found']])
})

test('whatever the checks see, there is a writer only if it was seen within the last three checks', () => {
  const answer = fc.constantFrom(undefined, old, promoted, server('standby', 1, true))
  fc.assert(
    fc.property(fc.array(fc.tuple(answer, answer), { minLength: 1 }), (checks) => {
      const { state } = runChecks(checks)
      const recent = checks.slice(-3).flat()
      if (state.type === 'writable')
        expect(recent.some((seen) => seen?.startedAt === state.last.writer.startedAt)).toBe(true)
    }),
  )
})

test('a writer that is slow to answer is kept for four seconds, without a miss', () => {
  const found = runChecks([[old]]).state
  const check = (sinceMs: number, state: PrimaryState) =>
    transition(state, { answers: ['pending'], highestTimeline: 1, nowMs: 1_100 + sinceMs })
  const slow = check(3_999, found)
  expect(slow).toEqual({ state: found, effects: [] })
  const silent = [4_000, 4_100, 4_200].reduce(
    ({ state, types }, ms) => {
      const step = check(ms, state)
      return { state: step.state, types: [...types, ...step.effects.map(({ type }) => type)] }
    },
    { state: slow.state, types: [] as string[] },
  )
  expect(silent).toMatchObject({ state: { type: 'searching' }, types: ['lost'] })
})

test('a promoted server is found at once although the former writer has not answered yet', () => {
  const { types, state } = runChecks([[old], ['pending', server('promoted', 1, true)], ['pending', promoted]])
  expect(types).toEqual([['found'], [], ['moved', 'found']])
  expect(state).toMatchObject({ last: { writer: writable(1, promoted) } })
})

test('a standby that is slow to answer keeps no writer alive', () => {
  const { types } = runChecks([[old], [undefined, 'pending'], [undefined, 'pending'], [undefined, 'pending']])
  expect(types).toEqual([['found'], [], [], ['lost']])
})
