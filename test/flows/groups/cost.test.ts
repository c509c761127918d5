import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { expect, test, vi } from 'vitest'
import type { Bus } from '../../../src/bus/bus.ts'
import { createMemoryBus } from '../../../src/bus/memory-bus.ts'
import {
  createMemorySessionRegistry,
  type MemorySessions,
} from '../../../src/sessions/memory-session-registry.ts'
import type { GatewayId } from '../../../src/ids.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'
import { createTestDatabase, query } from '../../harness/servers/database.ts'
import { startParley } from '../../harness/servers/parley.ts'
import { type Person, Stream } from '../../harness/people/person.ts'
import { recordStatements } from '../../harness/plans/recorded-statements.ts'

const MEMBERS = 1_024
/** Statements that gateways run once a second, independent of sends. */
const PERIODIC: readonly unknown[] = [
  'message_erase_expired',
  'membership_heads',
  'server_state',
  'revocation_newest_change',
]
const SEND = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { seq } } }'

test('stores a message to 1,024 members with one statement, three rows and one publish per other gateway', async () => {
  await using stage = await twoGateways()
  const { alice, bob, databaseUrl, published } = stage
  await query(databaseUrl, INTRODUCE, [MEMBERS - 2])
  const names = Array.from({ length: MEMBERS - 2 }, (_, index) => ({ id: `user_fan-${index + 1}` }) as Person)
  const group = await alice.createGroup([bob, ...names])
  expect(await alice.fetchChat(group)).toMatchObject({ memberCount: MEMBERS })
  using atBob = bob.inbox('phone')
  await atBob.caughtUp()
  const send = (): Promise<unknown> =>
    alice.run(SEND, { input: { chatId: group, clientMessageId: randomUUID(), body: 'hello' } })
  await send()
  await atBob.reaches(group, 2)

  published.length = 0
  const statements = vi.spyOn(pg.Client.prototype, 'query')
  await send()
  const sent = statements.mock.calls.map(([what]) => (what as { name?: string }).name)
  statements.mockRestore()
  await atBob.reaches(group, 3)
  expect(sent.filter((name) => !PERIODIC.includes(name))).toEqual(['message_append_one'])
  expect(published).toEqual(['gateway-b'])
  expect(await query(databaseUrl, ROWS_OF_NEWEST)).toEqual([{ chats: 1, events: 1, messages: 1, members: 0 }])
}, 60_000)

test('adds members with as many statements for ten open inboxes as for one', async () => {
  await using parley = await startParley()
  await query(parley.databaseUrl, INTRODUCE, [NEWCOMERS])
  const names = Array.from({ length: 10 }, (_, index) => `member-${index}`)
  const members = await Promise.all(names.map((name) => parley.person(name)))
  const [alice, ...others] = members as [Person, ...Person[]]
  const group = await alice.createGroup(others)
  const streams = members.map((member) => new Stream(member.socket, VIEWED_INBOX, {}))
  await Promise.all(streams.map((stream) => stream.caughtUp()))

  using recorder = recordStatements()
  await alice.addMembers(
    group,
    Array.from({ length: NEWCOMERS }, (_, index) => ({ id: `user_fan-${index + 1}` }) as Person),
  )
  await Promise.all(streams.map((stream) => stream.reaches(group, NEWCOMERS + 1)))
  for (const stream of streams)
    expect(stream.items.all.at(-1)).toMatchObject({ chat: { memberCount: NEWCOMERS + 10, unreadCount: 0 } })
  for (const name of ['chat_views', 'chat_memberships', 'message_count_unread']) {
    const count = recorder.statements.filter((statement) => statement.name === name).length
    expect(count, name).toBeGreaterThan(0)
    expect(count, name).toBeLessThanOrEqual(2 * NEWCOMERS)
  }
  for (const stream of streams) stream.close()
})

const NEWCOMERS = 20
/** Selects what depends on the viewer. */
const VIEWED_INBOX = `subscription { inbox(deviceId: "phone") {
  __typename
  ... on ChatEvent { seq chat { id memberCount unreadCount } }
  ... on MemberAdded { member { role } }
} }`

/** Two gateways in one process with one database: alice on one, bob on the other. Records what is published. */
async function twoGateways() {
  const resources = new AsyncDisposableStack()
  const { url: databaseUrl } = resources.use(await createTestDatabase())
  const published: GatewayId[] = []
  const bus = counted(
    createMemoryBus({ logger: createLogger({ level: 'silent', pretty: false }) }),
    published,
  )
  const sessions: MemorySessions = new Map()
  const start = async (id: string) => {
    const registry = createMemorySessionRegistry(id as GatewayId, sessions)
    const overrides = { bus, sessions: registry }
    return resources.use(await startParley({ databaseUrl, gatewayId: id, overrides }))
  }
  const [a, b] = [await start('gateway-a'), await start('gateway-b')]
  const [alice, bob] = [await a.person('alice'), await b.person('bob')]
  return { alice, bob, databaseUrl, published, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}

function counted(bus: Bus, published: GatewayId[]): Bus {
  return {
    ...bus,
    async publish(to, message) {
      published.push(to)
      await bus.publish(to, message)
    },
  }
}

/** Inserts users who have signed in once. */
const INTRODUCE = `
  INSERT INTO users (id, name, claims_issued_at)
  SELECT 'fan-' || number, 'Fan ' || number, now() FROM generate_series(1, $1::int) AS number`

/** Returns how many rows of each table the transaction of the newest message wrote. */
const ROWS_OF_NEWEST = `
  WITH newest AS (SELECT xmin AS id FROM messages ORDER BY seq DESC LIMIT 1)
  SELECT (SELECT count(*)::int FROM chats WHERE xmin = newest.id) AS chats,
    (SELECT count(*)::int FROM chat_events WHERE xmin = newest.id) AS events,
    (SELECT count(*)::int FROM messages WHERE xmin = newest.id) AS messages,
    (SELECT count(*)::int FROM members WHERE xmin = newest.id) AS members
  FROM newest`
