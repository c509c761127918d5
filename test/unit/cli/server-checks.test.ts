import { expect, test } from 'vitest'
import { checkNode } from '../../../src/cli/doctor/check-node.ts'
import { findingLines } from '../../../src/cli/doctor/finding.ts'
import {
  checkHosts,
  checkMigrations,
  checkReplication,
  checkServer,
} from '../../../src/cli/doctor/server-checks.ts'
import { describeConnectError } from '../../../src/store/reach-database.ts'
import type { DatabaseFacts } from '../../../src/store/migrations/inspect.ts'
import type { MigrationStatus } from '../../../src/store/migrations/migration.ts'

const HEALTHY: DatabaseFacts = {
  version: '18.4',
  versionNumber: 180_004,
  timeZone: 'UTC',
  clockAheadMs: 3,
  roundTripMs: 2,
  isInRecovery: false,
  fsync: 'on',
  synchronousCommit: 'on',
  replication: { isSynchronous: true, standbys: 1, synchronousStandbys: 1 },
  connections: 97,
}

const UP_TO_DATE: MigrationStatus = {
  applied: ['1_a', '2_b'],
  pending: [],
  edited: [],
  failed: [],
  unknown: [],
}

test('accepts a healthy server', () => {
  const findings = checkServer(HEALTHY)
  expect(findings).toHaveLength(7)
  expect(findings.every(({ status }) => status === 'ok')).toBe(true)
})

test.each([
  [{ version: '14.9', versionNumber: 140_009 }, '✗ PostgreSQL 14.9 is too old'],
  [{ timeZone: 'Europe/Berlin' }, '✗ sessions use Europe/Berlin although Parley asked for UTC'],
  [{ clockAheadMs: 2_500 }, "! the database's clock is 2.5 s ahead of this machine's"],
  [{ clockAheadMs: -7_000 }, "✗ the database's clock is 7.0 s behind this machine's"],
  [{ isInRecovery: true }, '✗ it is a standby, which accepts no writes'],
  [{ fsync: 'off' }, '✗ fsync is off: a power cut can destroy the whole database'],
  [{ synchronousCommit: 'off' }, '✗ synchronous_commit is off'],
  [{ connections: 41 }, '! the server admits 41 connections'],
  [{ connections: 20 }, '✗ the server admits 20 connections'],
])('reports %o with a hint', (fact, line) => {
  const [finding, ...others] = checkServer({ ...HEALTHY, ...fact }).filter(({ status }) => status !== 'ok')
  if (finding === undefined) throw new Error('nothing was found')
  expect(others).toEqual([])
  expect(findingLines(finding)).toContain(line)
  expect(findingLines(finding)).toMatch(/\n {2}[A-Z].*\.$/)
})

test('warns that commits do not survive the primary, and reports a problem if the policy is strict', () => {
  expect(checkReplication(HEALTHY, 'strict').status).toBe('ok')
  const alone = { ...HEALTHY, replication: { isSynchronous: false, standbys: 1, synchronousStandbys: 0 } }
  const [lax, strict] = [checkReplication(alone, 'available'), checkReplication(alone, 'strict')]
  expect([lax.status, strict.status]).toEqual(['warning', 'problem'])
  expect(findingLines(lax)).toContain('the newest messages that were answered as sent are lost')
  expect(findingLines(strict)).toContain('sends are rejected until then')
})

test.each([
  [[false, true], 'ok', 'one:5432 accepts writes, 1 of the other hosts are standbys'],
  [[false, undefined], 'warning', "can't be reached: two:5432"],
  [[true, true], 'problem', 'none of the hosts accepts writes'],
  [[true, undefined], 'problem', "two:5432 can't be reached"],
  [[undefined, undefined], 'problem', 'Promote another only once it is stopped.'],
  [[false, false], 'problem', 'several hosts accept writes: one:5432, two:5432'],
] as const)('hosts whose recovery is %j result in: %s', ([one, two], status, text) => {
  const finding = checkHosts([
    { host: 'one:5432', isInRecovery: one },
    { host: 'two:5432', isInRecovery: two },
  ])
  expect(finding.status).toBe(status)
  expect(findingLines(finding)).toContain(text)
})

test('allows for the round trip when it compares clocks', () => {
  const findings = checkServer({ ...HEALTHY, clockAheadMs: 1_400, roundTripMs: 2_000 })
  expect(findings.every(({ status }) => status === 'ok')).toBe(true)
})

test.each([
  [{ pending: ['3_c'] }, '! not applied yet: 3_c'],
  [{ unknown: ['3_c'] }, '! applied by a newer Parley: 3_c'],
  [{ edited: ['2_b'] }, '✗ edited after they were applied: 2_b'],
  [{ failed: ['3_c'] }, '✗ failed before: 3_c'],
])('reports migrations with %o', (difference, line) => {
  expect(checkMigrations({ ...UP_TO_DATE, ...difference }).map(findingLines)).toEqual([
    expect.stringContaining(line),
  ])
})

test('accepts a database with every migration', () => {
  expect(checkMigrations(UP_TO_DATE).map(findingLines)).toEqual(['✓ every migration is applied (2)'])
})

test.each([
  ['ECONNREFUSED', 'Nothing listens there'],
  ['ENOTFOUND', 'The host name does not resolve'],
  ['28P01', 'The server refuses the user'],
  ['3D000', 'The server has no database of that name'],
  ['53300', 'All connections of the server are in use'],
  ['57P03', 'The server is starting or stopping'],
  ['ETIMEDOUT', 'no firewall blocks the connection'],
])('gives a hint of its own for a connection that fails with %s', (code, expected) => {
  const error = Object.assign(new AggregateError([new Error('from ::1'), new Error('from 127.0.0.1')], ''), {
    code,
  })
  const { what, hint } = describeConnectError(error)
  const text = `${what} ${hint}`
  expect(text).toContain("the database can't be reached: from ::1; from 127.0.0.1")
  expect(text).toContain(expected)
})

test('reports why each of several hosts was refused, with the first hint that fits', () => {
  const refused = Object.assign(new Error('password authentication failed'), { code: '28P01' })
  const error = new AggregateError(
    [new Error('A host is a standby'), refused],
    'None of the hosts takes writes',
  )
  const { what, hint } = describeConnectError(error)
  const text = `${what} ${hint}`
  expect(text).toContain(
    'None of the hosts takes writes (A host is a standby; password authentication failed)',
  )
  expect(text).toContain('correct user and password')
})

test('reports a Node.js that is too old', () => {
  expect(checkNode('24.21.0').status).toBe('ok')
  expect(checkNode('22.18.0').status).toBe('problem')
})
