import { pino } from 'pino'
import { expect, test } from 'vitest'
import { createDatabase, type Database } from '../../../src/store/database.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import { classifyDatabaseError } from '../../../src/store/sql/database-error.ts'
import { createTestDatabase } from '../../harness/servers/database.ts'

async function open(options: Readonly<{ poolSize?: number }> = {}): Promise<Database & AsyncDisposable> {
  const provided = await createTestDatabase()
  const database = createDatabase({
    metrics: createMetrics(),
    writerUrl: provided.url,
    logger: pino({ level: 'silent' }),
    ...options,
  })
  const dispose = async () => {
    await database.stop()
    await provided[Symbol.asyncDispose]()
  }
  return { ...database, [Symbol.asyncDispose]: dispose }
}

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => expect.unreachable('it should have failed'),
    (error: unknown) => error,
  )
}

async function kindOf(work: Promise<unknown>): Promise<string> {
  return classifyDatabaseError(await failureOf(work))
}

function person(id: string) {
  return { id, name: id, claimsIssuedAt: new Date(0) }
}

const INSERT = {
  name: 'insert',
  text: 'INSERT INTO users (id, name, claims_issued_at) VALUES ($1, $1, now())',
}
const RENAME = { name: 'rename', text: `UPDATE users SET name = name || '.' WHERE id = $1` }
const LOCK_TIMEOUT = { name: 'lock_timeout', text: `SELECT set_config('lock_timeout', '100', true)` }
const PID = { name: 'pid', text: 'SELECT pg_backend_pid() AS pid' }
const TERMINATE = { name: 'terminate', text: 'SELECT pg_terminate_backend($1::int)' }

test('a duplicate key is a unique violation, by SQL and Prisma', async () => {
  await using database = await open()
  const { writer } = database
  await writer.query(INSERT, ['alice'])
  const failures = [
    await failureOf(writer.query(INSERT, ['alice'])),
    await failureOf(writer.prisma.user.create({ data: person('alice') })),
    await failureOf(writer.transaction((tx) => tx.query(INSERT, ['alice']))),
  ]
  expect(failures.map(classifyDatabaseError)).toEqual(failures.map(() => 'unique-violation'))
})

test('a deadlock is retryable for one of the two transactions', async () => {
  await using database = await open()
  const { writer } = database
  await writer.prisma.user.createMany({ data: [person('alice'), person('bob')] })
  const locked = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const
  const crossing = (own: 0 | 1) =>
    writer.transaction(async (tx) => {
      const [first, second] = own === 0 ? ['alice', 'bob'] : ['bob', 'alice']
      await tx.query(RENAME, [first])
      locked[own].resolve()
      await locked[own === 0 ? 1 : 0].promise
      await tx.prisma.user.update({ where: { id: second }, data: { name: 'changed' } })
    })
  const outcomes = await Promise.allSettled([crossing(0), crossing(1)])
  const kinds = outcomes.map(
    (outcome) => outcome.status === 'rejected' && classifyDatabaseError(outcome.reason),
  )
  expect(kinds.filter((kind) => kind !== false)).toEqual(['retryable-before-commit'])
})

test('a lock timeout is retryable', async () => {
  await using database = await open()
  const { writer } = database
  await writer.query(INSERT, ['alice'])
  await writer.transaction(async (tx) => {
    await tx.query(RENAME, ['alice'])
    const waiting = writer.transaction(async (other) => {
      await other.query(LOCK_TIMEOUT)
      await other.query(RENAME, ['alice'])
    })
    expect(await kindOf(waiting)).toBe('retryable-before-commit')
  })
})

test('a serialization failure is retryable', async () => {
  await using database = await open()
  const { writer } = database
  await writer.query(INSERT, ['alice'])
  const late = writer.transaction(async (tx) => {
    await tx.query({ name: 'serializable', text: 'SET TRANSACTION ISOLATION LEVEL REPEATABLE READ' })
    await tx.prisma.user.count()
    await writer.query(RENAME, ['alice'])
    await tx.query(RENAME, ['alice'])
  })
  expect(await kindOf(late)).toBe('retryable-before-commit')
})

test('a lost connection is an unknown outcome, by SQL, by Prisma and inside a transaction', async () => {
  await using database = await open()
  const { writer } = database
  const suicide = 'SELECT pg_terminate_backend(pg_backend_pid())'
  const cutFromOutside = kindOf(
    writer.transaction(async (tx) => {
      const [backend] = await tx.query<{ pid: number }>(PID)
      await writer.query(TERMINATE, [backend?.pid])
      await tx.prisma.user.count()
    }),
  )
  expect([
    await kindOf(writer.query({ name: 'suicide', text: suicide })),
    await kindOf(writer.prisma.$queryRawUnsafe(suicide)),
    await cutFromOutside,
  ]).toEqual(['unknown-outcome', 'unknown-outcome', 'unknown-outcome'])
  expect(await writer.prisma.user.count()).toBe(0)
})

test('nothing is tried without a writer, by SQL, by Prisma and inside a transaction', async () => {
  const writerUrl = 'postgresql://alice:secret@127.0.0.1:1/parley'
  const { writer, stop } = createDatabase({
    metrics: createMetrics(),
    writerUrl,
    logger: pino({ level: 'silent' }),
  })
  expect([
    await kindOf(writer.query(PID)),
    await kindOf(writer.prisma.user.count()),
    await kindOf(writer.transaction((tx) => tx.query(PID))),
  ]).toEqual(Array(3).fill('retryable-before-commit'))
  await stop()
})

test('a write through a reader is rejected', async () => {
  await using database = await open()
  expect(await kindOf(database.reader.query(INSERT, ['alice']))).toBe('retryable-before-commit')
})

test('an exhausted pool rejects after a while, by SQL, by Prisma and for a transaction', async () => {
  await using database = await open({ poolSize: 1 })
  const { writer } = database
  await writer.transaction(async (tx) => {
    const waiting = [
      writer.query(PID),
      writer.prisma.user.count(),
      writer.transaction((other) => other.query(PID)),
    ]
    expect(await Promise.all(waiting.map(kindOf))).toEqual(['rejected', 'rejected', 'rejected'])
    await tx.query(PID)
  })
})

test('an invalid statement is a bug', async () => {
  await using database = await open()
  const { writer } = database
  expect(await kindOf(writer.query({ name: 'wrong', text: 'SELECT wrong' }))).toBe('other')
  expect(await kindOf(writer.prisma.user.update({ where: { id: 'unknown' }, data: { name: 'x' } }))).toBe(
    'other',
  )
})
