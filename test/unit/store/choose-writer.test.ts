import { expect, test } from 'vitest'
import { chooseWriter } from '../../../src/store/failover/choose-writer.ts'
import type { ServerState } from '../../../src/store/sql/server-state.ts'

function server(startedAt: string, timeline: number, isInRecovery = false): ServerState {
  const replication = { isSynchronous: false, standbys: 0, synchronousStandbys: 0 }
  return { isInRecovery, timeline, position: 0, startedAt, replication }
}

const standby = (name: string): ServerState => server(name, 1, true)

test('the one that is not in recovery is written to', () => {
  const choice = chooseWriter([standby('a'), undefined, server('c', 1)], 0, undefined)
  expect(choice).toEqual({ type: 'found', writer: { host: 2, timeline: 1, startedAt: 'c' }, refused: [] })
})

test('where all are in recovery or silent there is none', () => {
  expect(chooseWriter([standby('a'), undefined], 1, undefined)).toEqual({ type: 'none' })
})

test('of two the one with the newer timeline is written to, also by those who knew the other', () => {
  const known = { host: 0, timeline: 1, startedAt: 'a' }
  const choice = chooseWriter([server('a', 1), server('b', 2)], 1, known)
  expect(choice).toMatchObject({ type: 'found', writer: { host: 1 }, refused: [{ host: 0 }] })
})

test('one with a lower timeline than was ever seen is refused, also where it is the only one', () => {
  expect(chooseWriter([server('a', 1), undefined], 2, undefined)).toMatchObject({ type: 'outdated' })
})

test('of two that were promoted from the same past neither is taken by whoever knows none of them', () => {
  const both = [server('a', 2), server('b', 2)]
  expect(chooseWriter(both, 1, undefined)).toMatchObject({
    type: 'split',
    refused: [{ host: 0 }, { host: 1 }],
  })
  const known = { host: 1, timeline: 2, startedAt: 'b' }
  expect(chooseWriter(both, 2, known)).toMatchObject({ type: 'found', writer: known, refused: [{ host: 0 }] })
})

test('two names of one server are one server', () => {
  const choice = chooseWriter([server('a', 1), server('a', 1)], 0, undefined)
  expect(choice).toMatchObject({ type: 'found', writer: { host: 0 }, refused: [] })
})
