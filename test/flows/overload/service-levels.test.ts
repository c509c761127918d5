import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { MARK_DELIVERED, SET_REACTION } from '../../harness/people/documents.ts'
import { startParley, type TestParley } from '../../harness/servers/parley.ts'
import type { Person } from '../../harness/people/person.ts'
import { heartbeat, queryPresence, PresenceStream } from '../../harness/people/presence-stream.ts'
import { subscribeToStatus, queryStatus } from '../../harness/people/service-status.ts'
import { parley as run } from '../../unit/cli/terminal.ts'

let parley: TestParley
let alice: Person
let bob: Person
let chat: string
beforeAll(async () => {
  parley = await startParley()
  alice = await parley.person('alice')
  bob = await parley.person('bob')
  chat = await alice.startChat(bob)
})
afterAll(() => parley[Symbol.asyncDispose]())

const command = (...args: string[]) => run(['service-level', ...args], { DATABASE_URL: parley.databaseUrl })

/** Sets the level as an operator, and waits until clients see it. */
async function setLevel(level: 'normal' | 'busy' | 'essential' | 'auto', witness = alice): Promise<void> {
  using following = subscribeToStatus(witness)
  const { code, noticed } = await command(level)
  expect({ code, noticed }).toEqual({ code: 0, noticed: '' })
  const expected = level === 'auto' ? 'NORMAL' : level.toUpperCase()
  await following.updates.until((all) => all.at(-1)?.level === expected, 2_000)
}
afterEach(() => setLevel('auto'))

test("clients see the operator's command within two seconds, with the paused features, until it expires", async () => {
  using following = subscribeToStatus(bob)
  expect(await following.updates.next()).toMatchObject({ level: 'NORMAL', paused: [] })
  const { printed } = await command('essential', '--for', '3s')
  expect(printed).toMatch(/^ESSENTIAL until \d{4}-.+Z, on every gateway within two seconds/)
  const status = await following.updates.next(2_000)
  expect(status).toMatchObject({
    level: 'ESSENTIAL',
    paused: ['receipts', 'presence', 'typing', 'uploads'],
  })
  expect(await queryStatus(bob)).toEqual(status)
  expect(await following.updates.next(4_500)).toMatchObject({ level: 'NORMAL', paused: [] })
})

test('a command works within two seconds, even if all other database connections are in use', async () => {
  using following = subscribeToStatus(bob)
  await following.updates.next()
  const carol = await parley.person('carol')
  const group = await alice.createGroup([bob, carol])
  const { id: messageId } = await alice.send(group, 'Look at this')
  const client = new pg.Client({ connectionString: parley.databaseUrl })
  await client.connect()
  await client.query('BEGIN')
  await client.query('SELECT FROM chats WHERE id = $1 FOR UPDATE', [group.replace('chat_', '')])
  const emojis = ['👍', '🎉', '❤️', '🔥', '😀', '👀']
  const reacting = [alice, bob, carol].flatMap((person) =>
    emojis.map((emoji) =>
      person.requestOverSocket(SET_REACTION, { input: { messageId, emoji, present: true } }),
    ),
  )
  try {
    // Statistics keep their first values within a transaction, unless they are cleared.
    const isBlocked = `SELECT count(*)::int AS count, pg_stat_clear_snapshot() FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock'`
    const blocked = async () => (await client.query<{ count: number }>(isBlocked)).rows[0]?.count
    await expect.poll(blocked).toBe(10)
    await command('busy')
    await following.updates.until((all) => all.at(-1)?.level === 'BUSY', 2_000)
  } finally {
    await client.end()
  }
  expect((await Promise.all(reacting)).flatMap(({ errors }) => errors ?? [])).toEqual([])
})

test('the newest command wins, and auto removes it', async () => {
  await setLevel('essential')
  await setLevel('busy')
  expect((await queryStatus(alice)).paused).toEqual(['presence', 'typing'])
  await setLevel('auto')
  expect(await queryStatus(alice)).toMatchObject({ level: 'NORMAL', paused: [] })
})

test('at ESSENTIAL messages flow as usual, and receipts arrive late and right', async () => {
  using atAlice = alice.inbox('laptop')
  using atBob = bob.inbox('phone')
  await Promise.all([atAlice.caughtUp(), atBob.caughtUp()])
  await setLevel('essential')
  const { seq } = await alice.send(chat, 'Happy new year!')
  await atBob.reaches(chat, seq, 2_000)
  await bob.markDelivered(chat, seq, 'phone')

  // The first one after a rest is written at once. The ones behind it wait for the next batch.
  const later = [await alice.send(chat, 'One more'), await alice.send(chat, 'And another')]
  const from = performance.now()
  const [read] = await Promise.all([
    bob.markRead(chat, later[1]?.seq ?? 0),
    ...later.map((message) => bob.markDelivered(chat, message.seq, 'phone')),
  ])
  expect(performance.now() - from).toBeGreaterThan(1_000)
  expect(read.viewerMember).toMatchObject({ deliveredSeq: later[1]?.seq, readSeq: later[1]?.seq })
  await atAlice.items.until((all) => all.some(({ readSeq }) => readSeq === later[1]?.seq))
  expect((await alice.fetchChat(chat)).lastMessage?.status).toBe('READ')
}, 30_000)

test('a user whose heartbeats were rejected is unknown and not offline, even after the level has ended', async () => {
  await using other = await startParley({ overrides: { presence: { windowMs: 500, isPaused: () => false } } })
  const [carol, dave] = [await other.person('carol'), await other.person('dave')]
  await carol.send(await carol.startChat(dave), 'Hello')
  const say = (level: string) => run(['service-level', level], { DATABASE_URL: other.databaseUrl })
  using following = subscribeToStatus(carol)
  await say('busy')
  await following.updates.until((all) => all.at(-1)?.level === 'BUSY', 2_000)
  await expect(heartbeat(dave)).rejects.toThrow('presence')
  using watch = new PresenceStream(carol, [dave])
  await watch.nextUpdate(dave, null)
  await say('auto')
  await following.updates.until((all) => all.at(-1)?.level === 'NORMAL', 2_000)
  await expect(watch.nextUpdate(dave, false, 1_000)).rejects.toThrow()
  expect(await queryPresence(carol, dave)).toMatchObject({ online: null })
})

test('an app that reports each message by itself does not use up its connection while receipts trickle', async () => {
  const { seq } = await alice.send(chat, 'Hello')
  await setLevel('essential')
  const positions = [{ chatId: chat, seq }]
  const reports = Array.from({ length: 90 }, () =>
    bob.requestOverSocket(MARK_DELIVERED, { input: { positions } }),
  )
  const responses = await Promise.all(reports)
  const rejected = responses.flatMap(({ errors = [] }) => errors)
  expect(rejected.length).toBeGreaterThan(50)
  for (const { extensions } of rejected) {
    expect(extensions).toMatchObject({ code: 'SERVICE_DEGRADED', retryable: true, retryAfterMs: 4_000 })
  }
  expect(responses.filter(({ data }) => data !== undefined && data !== null).length).toBeGreaterThanOrEqual(
    16,
  )
})

test('a gateway that stops at ESSENTIAL stores the waiting receipts first, without a rest', async () => {
  await using other = await startParley({ databaseUrl: parley.databaseUrl })
  const carol = await other.person('carol')
  const withCarol = await alice.startChat(carol)
  const { seq } = await alice.send(withCarol, 'Hello', randomUUID())
  await setLevel('essential', carol)
  await carol.markDelivered(withCarol, seq)
  const reading = carol.markRead(withCarol, seq)
  // The report is at the gateway once a later request has its answer.
  await carol.fetchChat(withCarol)
  const from = performance.now()
  await Promise.all([other.stop(), reading])
  expect(performance.now() - from).toBeLessThan(3_000)
  expect((await alice.fetchChat(withCarol)).lastMessage?.status).toBe('READ')
})

test.for([
  [['service-level'], 2, "missing required argument 'level'"],
  [['service-level', 'esential'], 2, 'Did you mean essential?'],
  [['service-level', 'panic'], 2, 'Use normal, busy, essential or auto.'],
  [['service-level', 'busy', '--for', 'ever'], 2, 'Use a time such as 90s'],
  [['service-level', 'auto', '--for', '1h'], 2, "--for can't be used with auto"],
] as const)('%o is rejected with a sentence', async ([args, code, sentence]) => {
  const outcome = await run(args, { DATABASE_URL: parley.databaseUrl })
  expect(outcome.code).toBe(code)
  expect(outcome.noticed).toContain(sentence)
  expect(await queryStatus(alice)).toMatchObject({ level: 'NORMAL' })
})

test('without a running instance on the embedded database the command fails and says why', async () => {
  const { code, noticed } = await run(['service-level', 'busy'], { DATA_DIR: '/nonexistent/parley' })
  expect(code).toBe(1)
  expect(noticed).toContain('No gateway is running on /nonexistent/parley')
})

test('the command tells a database without migrations from one that is down', async () => {
  const client = new pg.Client({ connectionString: parley.databaseUrl })
  await client.connect()
  await client.query('ALTER TABLE service_level_commands RENAME TO elsewhere')
  try {
    const { code, noticed } = await command('busy')
    expect(code).toBe(1)
    expect(noticed).toContain('Run "parley migrate" first')
  } finally {
    await client.query('ALTER TABLE elsewhere RENAME TO service_level_commands')
    await client.end()
  }
})
