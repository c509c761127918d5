import { expect, test } from 'vitest'
import { chooseWriter } from '../../../src/store/failover/choose-writer.ts'
import type { ServerState } from '../../../src/store/sql/server-state.ts'

function server(startedAt: string, timeline: number, isInRecovery = false): ServerState {
  const replication = { isSynchronous: false, standbys: 0, synchronousStandbys: 0 }
  const clock = { nowMs: 0, askedAt: 0, answeredAt: 0 }
  return { isInRecovery, timeline, position: 0, startedAt, replication, clock }
}

const standby = (name: string): ServerState => server(name, 1, true)

test('chooses the server that is not in recovery', () => {
  const choice = chooseWriter([standby('a'), undefined, server('c', 1)], 0, undefined)
  expect(choice).toEqual({ type: 'found', writer: { host: 2, timeline: 1, startedAt: 'c' }, rejected: [] })
})

test('chooses none if all servers are in recovery or do not answer', () => {
  expect(chooseWriter([standby('a'), undefined], 1, undefined)).toEqual({ type: 'none' })
})

test('chooses the newer timeline of two, even if the other one was known', () => {
  const known = { host: 0, timeline: 1, startedAt: 'a' }
  const choice = chooseWriter([server('a', 1), server('b', 2)], 1, known)
  expect(choice).toMatchObject({ type: 'found', writer: { host: 1 }, rejected: [{ host: 0 }] })
})

test('rejects a server below the highest timeline, even if it is the only one', () => {
  expect(chooseWriter([server('a', 1), undefined], 2, undefined)).toMatchObject({ type: 'outdated' })
})

test('chooses none of two servers with the same timeline unless one of them is known', () => {
  const both = [server('a', 2), server('b', 2)]
  expect(chooseWriter(both, 1, undefined)).toMatchObject({
    type: 'split',
    rejected: [{ host: 0 }, { host: 1 }],
  })
  const known = { host: 1, timeline: 2, startedAt: 'b' }
  expect(chooseWriter(both, 2, known)).toMatchObject({
    type: 'found',
    writer: known,
    rejected: [{ host: 0 }],
  })
})

test('treats two names of one server as one', () => {
  const choice = chooseWriter([server('a', 1), server('a', 1)], 0, undefined)
  expect(choice).toMatchObject({ type: 'found', writer: { host: 0 }, rejected: [] })
})
