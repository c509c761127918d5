import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { connect, connectAsSuperuser, createTestDatabase, query } from '../../harness/servers/database.ts'
import { runEveryStatement } from '../../harness/plans/every-statement.ts'
import { WEBHOOK_TYPES } from '../../../src/followers/webhooks/webhook.ts'
import { type Received, startReceiver } from '../../harness/people/webhook-receiver.ts'
import { startParley, type TestParley, UNLIMITED } from '../../harness/servers/parley.ts'
import { CHAT_TABLES, partitionByChat, PARTS } from '../../harness/plans/partition-tables.ts'
import { nodesOf, executedPlan, enablePlanReports } from '../../harness/plans/query-plan.ts'
import { MANY_SMALL_CHATS, setTableStatistics } from '../../harness/plans/table-statistics.ts'
import {
  distinct,
  recordStatements,
  withFreshKeys,
  type SentStatement,
  titleOf,
} from '../../harness/plans/recorded-statements.ts'

/** Statements that read the chats of users. They scan every partition, by an index on the user. */
const OF_PEOPLE: Readonly<Record<string, string>> = {
  device_register: 'a new device knows all chats of its person',
  device_pending: 'the chats that an inbox begins with',
  receipt_since: 'the chats that an inbox begins with',
  receipt_advance: 'whether a forgotten device has positions in any chat',
  chat_list: 'the chats of a person',
  chat_list_backwards: 'the chats of a person',
  presence_allowed: 'whether two people share a chat',
  membership_heads: "the comparison of people's chats with what was passed on",
  membership_receipts: "the comparison of people's chats with what was passed on",
  message_erase_expired: 'what has expired, in whichever chat',
  push_delete_old: 'what is old, in whichever chat',
  log_retention_next_page: 'the round of all chats, in the order of their ids',
}

const resources = new AsyncDisposableStack()
let databaseUrl: string
let client: pg.Client
let statements: readonly SentStatement[]
let chatIds: ReadonlySet<unknown>

beforeAll(async () => {
  databaseUrl = resources.use(await createTestDatabase()).url
  {
    await using connection = await connect(databaseUrl)
    await partitionByChat(connection.client)
  }
  using listening = recordStatements()
  await using parley = await start()
  await runEveryStatement(parley)
  await parley.stop()
  statements = distinct(listening.statements)
  ;({ client } = resources.use(await connectAsSuperuser(databaseUrl)))
  chatIds = new Set((await query<{ id: string }>(databaseUrl, 'SELECT id FROM chats')).map(({ id }) => id))
  await setTableStatistics(client, MANY_SMALL_CHATS)
  await enablePlanReports(client)
  // A router of statements looks at their values first. With custom plans PostgreSQL does so too. A generic plan cannot
  // tell which partitions the chats of an array are in.
  await client.query('SET plan_cache_mode = force_custom_plan')
})

afterAll(() => resources.disposeAsync())

function start(): Promise<TestParley> {
  return startParley({
    databaseUrl,
    config: UNLIMITED,
    overrides: { presence: { windowMs: 300 } },
    media: 'folder',
  })
}

test('every operation works while the tables of chats are partitioned', async () => {
  await using parley = await start()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const groups = await Promise.all(Array.from({ length: 12 }, () => alice.createGroup([bob])))
  using inbox = bob.inbox('watch')
  await inbox.caughtUp()
  for (const group of groups) await alice.send(group, 'hello')
  for (const group of groups) await inbox.reaches(group, 2)
  const parts = await query<{ part: string }>(
    databaseUrl,
    'SELECT DISTINCT tableoid::regclass::text AS part FROM messages',
  )
  expect(parts.length).toBeGreaterThan(PARTS / 2)
})

test('a webhook gets every event while the tables of chats are partitioned', async () => {
  await using parley = await start()
  await using receiver = await startReceiver(databaseUrl, { types: WEBHOOK_TYPES, pendingAfterS: 0 })
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const group = await alice.createGroup([bob])
  const { seq } = await alice.send(group, 'hello')
  const typesOf = (all: readonly Received[]): ReadonlySet<string> =>
    new Set(all.flatMap(({ type, data }) => (data.chatId === group ? type : [])))
  await receiver.accepted.until((all) => typesOf(all).has('message.pending'))
  await bob.markRead(group, seq)
  await receiver.accepted.until((all) => typesOf(all).has('receipt.advanced'))
  expect(typesOf(receiver.accepted.all)).toEqual(
    new Set(['chat.updated', 'message.sent', 'message.pending', 'receipt.advanced']),
  )
  await receiver.operate((webhooks) => webhooks.remove(receiver.id))
})

test('every unique key of a table of chats contains the chat id, and there are no foreign keys', async () => {
  const keys = await query<{ table: string; columns: string[] }>(databaseUrl, UNIQUE_KEYS)
  expect(keys.length).toBeGreaterThanOrEqual(Object.keys(CHAT_TABLES).length)
  const without = keys.filter(({ table, columns }) => !columns.includes(columnOf(table)))
  expect(without).toEqual([])
  expect(await query(databaseUrl, `SELECT conname FROM pg_constraint WHERE contype = 'f'`)).toEqual([])
})

test('a statement about one chat touches one partition of each table', async () => {
  const astray: [string, string, number][] = []
  for (const sent of statements.filter(({ name }) => !(name in OF_PEOPLE))) {
    const chats = chatsIn(sent)
    for (const [table, parts] of await partsTouched(sent)) {
      if (parts.size > Math.max(1, chats)) astray.push([titleOf(sent), table, parts.size])
    }
  }
  expect(astray).toEqual([])
})

test('a statement without the chat id is detected, and a unique key without it is rejected', async () => {
  const text = `SELECT body FROM messages WHERE sender_id = $1 AND client_message_id = $2`
  const touched = await partsTouched({ name: 'new', text, values: ['alice', 'key'] })
  expect(touched.get('messages')?.size).toBe(PARTS)
  const index = 'CREATE UNIQUE INDEX ON messages (sender_id, client_message_id)'
  await expect(query(databaseUrl, index)).rejects.toThrow(/unique constraint on partitioned table/)
})

test('the list of exceptions has no statement that is never sent', () => {
  const names = statements.map(({ name }) => name)
  expect(names).toEqual(expect.arrayContaining(Object.keys(OF_PEOPLE)))
})

const UNIQUE_KEYS = `
  SELECT c.relname AS table, array_agg(a.attname::text) AS columns
  FROM pg_index x
    JOIN pg_class c ON c.oid = x.indrelid
    JOIN pg_attribute a ON a.attrelid = x.indexrelid
  WHERE x.indisunique AND c.relkind = 'p'
  GROUP BY c.relname, x.indexrelid`

function columnOf(table: string): string {
  return new Map<string, string>(Object.entries(CHAT_TABLES)).get(table) ?? 'nothing'
}

/** The partitions that were scanned, by table. */
async function partsTouched(sent: SentStatement): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const touched = new Map<string, Set<string>>()
  for (const node of nodesOf(await executedPlan(client, withFreshKeys(sent)))) {
    const part = node['Relation Name'] ?? ''
    const [, table] = /^(\w+)_part_\d+$/.exec(part) ?? []
    if (table === undefined || node['Actual Loops'] === 0 || !node['Node Type'].endsWith('Scan')) continue
    touched.set(table, (touched.get(table) ?? new Set()).add(part))
  }
  return touched
}

/** The number of chats in the values of a statement. */
function chatsIn({ values }: SentStatement): number {
  return new Set(values.flat().filter((value) => chatIds.has(value))).size
}
