import { expect, test } from 'vitest'
import { findingLines } from '../../../src/cli/finding.ts'
import {
  judgeConnectError,
  judgeDatabase,
  judgeHosts,
  judgeMigrations,
  judgeReplication,
} from '../../../src/cli/judge-database.ts'
import { judgeNode } from '../../../src/cli/judge-node.ts'
import type { DatabaseFacts } from '../../../src/store/migrations/inspect.ts'
import type { MigrationStatus } from '../../../src/store/migrations/migration.ts'

const WELL: DatabaseFacts = {
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

test('a server that is as it should be gives no cause for complaint', () => {
  const findings = judgeDatabase(WELL)
  expect(findings).toHaveLength(7)
  expect(findings.every(({ status }) => status === 'good')).toBe(true)
})

test.each([
  [{ version: '14.9', versionNumber: 140_009 }, '✗ PostgreSQL 14.9 is too old'],
  [{ timeZone: 'Europe/Berlin' }, '✗ sessions are in Europe/Berlin although Parley asked for UTC'],
  [{ clockAheadMs: 2_500 }, "! the database's clock is 2.5 s ahead of this machine's"],
  [{ clockAheadMs: -7_000 }, "✗ the database's clock is 7.0 s behind this machine's"],
  [{ isInRecovery: true }, '✗ it is a standby, which takes no writes'],
  [{ fsync: 'off' }, '✗ fsync is off: a power cut can destroy the whole database'],
  [{ synchronousCommit: 'off' }, '✗ synchronous_commit is off'],
  [{ connections: 41 }, '! the server admits 41 connections'],
  [{ connections: 20 }, '✗ the server admits 20 connections'],
])('%o is found out, and the finding says how to mend it', (fact, line) => {
  const [finding, ...others] = judgeDatabase({ ...WELL, ...fact }).filter(({ status }) => status !== 'good')
  if (finding === undefined) throw new Error('nothing was found')
  expect(others).toEqual([])
  expect(findingLines(finding)).toContain(line)
  expect(findingLines(finding)).toMatch(/\n {2}[A-Z].*\.$/)
})

test('what the death of the primary would cost is said, and is a fault where the policy is strict', () => {
  expect(judgeReplication(WELL, 'strict').status).toBe('good')
  const alone = { ...WELL, replication: { isSynchronous: false, standbys: 1, synchronousStandbys: 0 } }
  const [lax, strict] = [judgeReplication(alone, 'available'), judgeReplication(alone, 'strict')]
  expect([lax.status, strict.status]).toEqual(['doubtful', 'bad'])
  expect(findingLines(lax)).toContain('the newest messages that were answered as sent are lost')
  expect(findingLines(strict)).toContain('sends are refused until then')
})

test.each([
  [[false, true], 'good', 'one:5432 takes writes, 1 of the other hosts are standbys'],
  [[false, undefined], 'doubtful', "can't be reached: two:5432"],
  [[true, true], 'bad', 'none of the hosts takes writes'],
  [[true, undefined], 'bad', "two:5432 can't be asked"],
  [[undefined, undefined], 'bad', 'Promote another only once it is stopped.'],
  [[false, false], 'bad', 'several hosts take writes: one:5432, two:5432'],
] as const)('of several hosts that are in recovery or not, %j, %s is said', ([one, two], status, text) => {
  const finding = judgeHosts([
    { host: 'one:5432', isInRecovery: one },
    { host: 'two:5432', isInRecovery: two },
  ])
  expect(finding.status).toBe(status)
  expect(findingLines(finding)).toContain(text)
})

test('on a slow network the clocks are given the benefit of the doubt', () => {
  const findings = judgeDatabase({ ...WELL, clockAheadMs: 1_400, roundTripMs: 2_000 })
  expect(findings.every(({ status }) => status === 'good')).toBe(true)
})

test.each([
  [{ pending: ['3_c'] }, '! not applied yet: 3_c'],
  [{ unknown: ['3_c'] }, '! applied by a newer Parley: 3_c'],
  [{ edited: ['2_b'] }, '✗ edited after they had been applied: 2_b'],
  [{ failed: ['3_c'] }, '✗ failed before: 3_c'],
])('migrations with %o are told apart', (difference, line) => {
  expect(judgeMigrations({ ...UP_TO_DATE, ...difference }).map(findingLines)).toEqual([
    expect.stringContaining(line),
  ])
})

test('a database with every migration is up to date', () => {
  expect(judgeMigrations(UP_TO_DATE).map(findingLines)).toEqual(['✓ every migration is applied (2)'])
})

test.each([
  ['ECONNREFUSED', 'Nothing listens there'],
  ['ENOTFOUND', 'The host name does not resolve'],
  ['28P01', 'The server refuses the user'],
  ['3D000', 'The server has no database of that name'],
  ['53300', 'All connections of the server are in use'],
  ['57P03', 'The server is starting or stopping'],
  ['ETIMEDOUT', 'no firewall blocks the connection'],
])('a connection that fails with %s comes with advice of its own', (code, advice) => {
  const error = Object.assign(new AggregateError([new Error('from ::1'), new Error('from 127.0.0.1')], ''), {
    code,
  })
  const text = findingLines(judgeConnectError(error))
  expect(text).toContain("✗ the database can't be reached: from ::1; from 127.0.0.1")
  expect(text).toContain(advice)
})

test('of several hosts, each says why it is not written to, and the first that has an advice gives it', () => {
  const refused = Object.assign(new Error('password authentication failed'), { code: '28P01' })
  const error = new AggregateError(
    [new Error('A host is a standby'), refused],
    'None of the hosts takes writes',
  )
  const text = findingLines(judgeConnectError(error))
  expect(text).toContain(
    'None of the hosts takes writes (A host is a standby; password authentication failed)',
  )
  expect(text).toContain('correct user and password')
})

test('a Node.js that can’t run Parley is named', () => {
  expect(judgeNode('24.21.0').status).toBe('good')
  expect(judgeNode('22.18.0').status).toBe('bad')
})
