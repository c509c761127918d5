import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { migrate } from '../../src/store/migrations/migrate.ts'
import { startParley } from '../harness/servers/parley.ts'
import { startPgBouncer } from '../harness/servers/pgbouncer.ts'
import { type PostgresServer, startPrimary } from '../harness/servers/postgres-server.ts'

const resources = new AsyncDisposableStack()
let primary: PostgresServer
let standby: PostgresServer

beforeAll(async () => {
  primary = resources.use(await startPrimary())
  await migrate({ url: primary.url })
  standby = resources.use(await primary.startStandby())
})
afterAll(() => resources.disposeAsync())

test('stores one message and answers its sender if a database backend is killed during the commit', async () => {
  await using parley = await startParley({ databaseUrl: primary.url })
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  await primary.requireStandby()
  await standby.kill()
  const committing = `FROM pg_stat_activity WHERE wait_event = 'SyncRep'`
  const key = randomUUID()
  const sending = alice.trySend(chat, 'hello', key)
  await expect.poll(async () => (await primary.sql(`SELECT ${committing}`)).length).toBe(1)
  await primary.sql(`SELECT pg_terminate_backend(pid) ${committing}`)
  await standby.start()
  expect((await sending).message.seq).toBe(1)
  expect(await alice.trySend(chat, 'hello', key)).toMatchObject({ deduplicated: true, message: { seq: 1 } })
  expect((await bob.fetchChat(chat)).headSeq).toBe(1)
  await primary.requireStandby(false)
})

test('rejects sends as retryable while no connection is free, and continues afterwards', async () => {
  await using parley = await startParley({ databaseUrl: primary.url })
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  const { headSeq } = await alice.fetchChat(chat)
  const key = randomUUID()
  await primary.sql('ALTER ROLE parley CONNECTION LIMIT 0')
  await primary.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'parley'`)
  const from = performance.now()
  await expect(alice.trySend(chat, 'hello', key)).rejects.toThrow('UNAVAILABLE')
  expect(performance.now() - from).toBeLessThan(10_000)
  await primary.sql('ALTER ROLE parley CONNECTION LIMIT -1')
  await expect
    .poll(() => alice.trySend(chat, 'hello', key).then(({ message }) => message.seq, String), {
      timeout: 5_000,
    })
    .toBe(headSeq + 1)
})

test('works through PgBouncer in transaction mode', async () => {
  await primary.sql(`ALTER ROLE parley SET timezone = 'UTC'`)
  await using bouncer = await startPgBouncer(primary.url)
  await using parley = await startParley({ databaseUrl: bouncer.url })
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  const before = (await alice.fetchChat(chat)).headSeq
  using atBob = bob.inbox('phone')
  await atBob.caughtUp()
  await Promise.all(Array.from({ length: 50 }, (_, index) => alice.send(chat, `message ${index}`)))
  await atBob.reaches(chat, before + 50)
  await bob.markRead(chat, before + 50)
  expect((await alice.fetchChat(chat)).headSeq).toBe(before + 50)
})
