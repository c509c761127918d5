import { randomUUID } from 'node:crypto'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createDatabase, type Database } from '../../../src/store/database.ts'
import { classifyDatabaseError } from '../../../src/store/sql/database-error.ts'
import { migrate } from '../../../src/store/migrations/migrate.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import { startParley } from '../../harness/servers/parley.ts'
import type { Person } from '../../harness/people/person.ts'
import { type PostgresServer, startPrimary } from '../../harness/servers/postgres-server.ts'

const INSERT = {
  name: 'insert_user',
  text: 'INSERT INTO users (id, name, claims_issued_at) VALUES ($1, $1, now())',
}

const resources = new AsyncDisposableStack()
let primary: PostgresServer
let standby: PostgresServer

beforeAll(async () => {
  primary = resources.use(await startPrimary())
  await migrate({ url: primary.url })
  standby = resources.use(await primary.startStandby())
})
afterAll(() => resources.disposeAsync())

function open(): Database & AsyncDisposable {
  const logger = pino({ level: 'silent' })
  const database = createDatabase({ writerUrl: primary.url, logger, metrics: createMetrics() })
  return { ...database, [Symbol.asyncDispose]: () => database.stop() }
}

/** Resolves when a commit waits for the standby. */
async function waiting(): Promise<void> {
  const text = `SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep'`
  await expect.poll(async () => (await primary.sql(text)).length, { timeout: 5_000, interval: 10 }).toBe(1)
}

async function cancelWait(): Promise<void> {
  await primary.sql(`SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'`)
}

/** Runs `work` while the standby is dead and commits wait for it. */
async function withoutStandby(work: () => Promise<void>): Promise<void> {
  await primary.requireStandby()
  await standby.kill()
  try {
    await work()
  } finally {
    await primary.requireStandby(false)
    await standby.start()
  }
}

test('a commit whose wait for the standby was cancelled fails, by SQL, by Prisma and in a transaction', async () => {
  await using database = open()
  const { writer } = database
  const ways = {
    alice: () => writer.query(INSERT, ['alice']),
    bob: () => writer.prisma.user.create({ data: { id: 'bob', name: 'Bob', claimsIssuedAt: new Date(0) } }),
    carol: () => writer.transaction((tx) => tx.query(INSERT, ['carol'])),
  }
  await database.start()
  await withoutStandby(async () => {
    for (const write of Object.values(ways)) {
      const outcome = write().then(() => 'done', classifyDatabaseError)
      await waiting()
      await cancelWait()
      expect(await outcome).toBe('unknown-outcome')
    }
  })
  expect(await writer.prisma.user.count()).toBe(3)
})

test('a send whose wait was cancelled is acknowledged only when the standby has it', async () => {
  await using parley = await startParley({ databaseUrl: primary.url })
  const alice = await parley.person('alice')
  const bob = await parley.person('bob')
  const chat = await alice.startChat(bob)
  let isAnswered = false
  await withoutStandby(async () => {
    const sending = alice.send(chat, 'hello').finally(() => (isAnswered = true))
    await waiting()
    await cancelWait()
    // The second attempt finds the message, and waits as well.
    await waiting()
    expect(isAnswered).toBe(false)
    await standby.start()
    expect((await sending).seq).toBe(1)
    await standby.kill()
  })
})

test.for([
  ['a direct chat', (alice: Person, bob: Person) => alice.startChat(bob)],
  ['a group', (alice: Person, bob: Person) => alice.createGroup([bob], { clientChatId: 'tea' })],
] as const)('%s whose wait was cancelled is answered with when the standby has it', async ([, make]) => {
  await using parley = await startParley({ databaseUrl: primary.url })
  const suffix = randomUUID().slice(0, 8)
  const alice = await parley.person(`alice-${suffix}`)
  const bob = await parley.person(`bob-${suffix}`)
  let isAnswered = false
  await withoutStandby(async () => {
    const making = make(alice, bob).finally(() => (isAnswered = true))
    await waiting()
    await cancelWait()
    // The second attempt finds the chat, and waits as well. So does a new request for it.
    await waiting()
    await cancelWait()
    await waiting()
    expect(isAnswered).toBe(false)
    await standby.start()
    const made = await making
    await standby.kill()
    const again = make(alice, bob)
    await waiting()
    await standby.start()
    expect(await again).toBe(made)
    await standby.kill()
  })
})

/** Resolves with `done`, or with the error as text. */
function outcomeOf(work: Promise<unknown>): Promise<string> {
  return work.then(() => 'done', String)
}

test.for(['strict', 'available'] as const)(
  'with asynchronous replication, a gateway with the policy %s handles sends and new chats accordingly',
  async (replicationPolicy) => {
    await using before = await startParley({ databaseUrl: primary.url })
    await using parley = await startParley({ databaseUrl: primary.url, config: { replicationPolicy } })
    const [alice, bob, carol] = [
      await parley.person('alice'),
      await parley.person('bob'),
      await parley.person(`carol-${replicationPolicy}`),
    ]
    const chat = await (await before.person('alice')).startChat(bob)
    const attempts = [
      alice.send(chat, 'hello'),
      alice.startChat(carol),
      alice.startChat(bob),
      alice.createGroup([bob]),
    ]
    for (const outcome of await Promise.all(attempts.map(outcomeOf))) {
      if (replicationPolicy === 'available') expect(outcome).toBe('done')
      else expect(outcome).toContain('UNAVAILABLE')
    }
    await primary.requireStandby()
    await expect
      .poll(() => alice.send(chat, 'hello again').then(() => 'sent', String), { timeout: 5_000 })
      .toBe('sent')
    await primary.requireStandby(false)
  },
)
