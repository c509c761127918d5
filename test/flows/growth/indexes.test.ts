import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import type pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ConnectionPool } from '../../../src/store/sql/connection-pool.ts'
import { connect, createTestDatabase } from '../../harness/servers/database.ts'
import { usePush } from '../../harness/plans/push-statements.ts'
import { startWebPushOnly } from '../../harness/push/push-stage.ts'
import { useBackend } from '../../harness/plans/backend-statements.ts'
import { runEveryStatement } from '../../harness/plans/every-statement.ts'
import { fillWithMessages } from '../../harness/plans/fill-database.ts'
import { SERVER_API, startParley, UNLIMITED } from '../../harness/servers/parley.ts'
import { genericPlan } from '../../harness/plans/query-plan.ts'
import { findPlanProblems, type Indexes, readIndexes } from '../../harness/plans/query-plan-check.ts'
import {
  FEW_HUGE_CHATS,
  MANY_SMALL_CHATS,
  setTableStatistics,
  tablesOf,
} from '../../harness/plans/table-statistics.ts'
import {
  distinct,
  recordStatements,
  type SentStatement,
  titleOf,
} from '../../harness/plans/recorded-statements.ts'

/** Statements that find rows of many chats, and the index for it. */
const SWEEPS: Readonly<Record<string, string>> = {
  // Expired messages that were not erased yet, in all chats: 500 at a time, by a partial index on those alone.
  message_erase_expired: 'messages_expires_at_idx',
  // Uploads that were not sent in time, those whose bytes are to be deleted, and those of the last day, whose folders
  // are compared with their rows: partial indexes on those alone.
  media_untidy: 'uploads_untidy_idx',
  media_release_unsent: 'uploads_created_at_idx',
  media_released: 'uploads_released_at_idx',
  // Deleted chats that are due: the first one.
  chat_deletion_due: 'deleted_chats_due_at_idx',
  // The days before yesterday.
  media_forget_usage: 'upload_usages_pkey',
  // Chats that are due to a follower: the oldest ones, and none in between.
  follower_claim: 'chat_marks_follower_id_due_at_idx',
  // The oldest pushes.
  push_delete_old: 'pushes_changed_at_idx',
  // The newest revocations.
  push_target_remove_revoked: 'revocations_pkey',
  // Revocations that have expired, a hundred at a time.
  revocation_of_user: 'revocations_expires_at_idx',
  // The newest ones. A gateway may read them here, or stop before.
  revocation_changes_after: 'revocations_pkey',
  // The oldest calls.
  server_call_delete_old: 'server_calls_at_idx',
  // The oldest keys.
  member_key_delete_old: 'member_change_keys_at_idx',
  // All chats in turn, a page at a time, in the order of their primary key.
  log_retention_next_page: 'chats_pkey',
}

/** Statements that no conversation causes, and why their plans are not checked. */
const NOT_OF_A_CONVERSATION: Readonly<Record<string, string>> = {
  service_level_set: 'an operator, into a table of one row',
  service_level_clear: 'an operator, from a table of one row',
  revocation_of_token: 'an operator, into a table that grows with the revocations in force',
  revocation_list: 'an operator',
  revocation_has_signed_in: 'an operator',
  revocation_changes_after: 'once after each revocation',
  server_key_insert: 'an operator, into a table of a few dozen rows',
  server_key_lock: 'an operator, as above',
  server_key_list: 'an operator, as above',
  server_key_revoke: 'an operator, as above',
  chat_mark_deleted: 'the backend deletes a chat, by keys that lead with it',
  chat_deletion_forget_pair: 'as above',
  chat_deletion_raise_floor: 'the sweep of a deleted chat, by keys that lead with it',
  chat_deletion_events: 'as above',
  chat_deletion_messages: 'as above',
  chat_deletion_mark_emptied: 'as above',
  chat_deletion_rest: 'as above',
  chat_deletion_postpone: 'the sweep of a deleted chat, if it fails',
  follower_set_back: 'a replay of a chat, by primary keys',
  follower_release: 'only if a chat gets an event at the end of a delivery, by the primary key of its mark',
  follower_trigger_state: 'an operator who creates the first webhook, and each start',
  follower_enable_logs: 'an operator, as above',
  follower_enable_users: 'an operator, as above',
  follower_enable_receipts: 'an operator, as above',
  follower_disable_logs: 'an operator, as above',
  follower_disable_users: 'an operator, as above',
  follower_disable_receipts: 'an operator, as above',
  follower_enable_pushes: 'an operator, as above',
  follower_disable_pushes: 'an operator, as above',
  push_trace: 'an operator who asks why, about one chat',
  push_trace_message: 'as above',
  message_due_explained: 'an operator who asks why; as message_due for a whole chat',
  import_users: 'an operator who imports a file',
  import_group: 'an operator, as above',
  import_group_find: 'an operator, as above',
  import_direct_chat: 'an operator, as above',
  import_direct_chat_find: 'an operator, as above',
  import_find: 'an operator, as above',
  import_append: 'an operator, as above',
  import_count_stored: 'an operator, as above',
  import_mark_read: 'an operator, as above',
  media_release_upload: 'only if a file is infected, by the primary key',
  media_stored: 'an operator who checks or copies the files, page by page',
  media_known: 'an operator who checks the files',
  timeline_record: 'once after a failover, into a table of one row for each',
}

/** A webhook with a thousand chats that are due, and a thousand users who were signed out. */
const BACKLOG = `
  INSERT INTO chat_marks (chat_id, follower_id, first_seq, last_seq)
  SELECT gen_random_uuid(), 'wh_1', 1, 1 FROM generate_series(1, 1000)`
/** Notifications that devices show. */
const PUSHED = `
  INSERT INTO pushes (chat_id, user_id, device_id, provider, sent_seq, is_shown)
  SELECT gen_random_uuid(), 'user ' || number, 'phone', 'FCM', 1, true FROM generate_series(1, 1000) AS number`
const DELETED = `
  INSERT INTO deleted_chats (chat_id, last_seq, due_at)
  SELECT gen_random_uuid(), 1, now() + interval '1 day' FROM generate_series(1, 1000)`
const REVOCATIONS = `
  INSERT INTO revocations (change, user_id, issued_before, expires_at)
  SELECT 1000 + number, 'user ' || number, now(), now() + interval '1 day' FROM generate_series(1, 1000) AS number`

const PLAN_MODE = { name: 'plan_mode', text: `SELECT current_setting('plan_cache_mode') AS mode` }

const resources = new AsyncDisposableStack()
let client: pg.Client
let databaseUrl: string
let indexes: Indexes
let statements: readonly SentStatement[]

beforeAll(async () => {
  databaseUrl = resources.use(await createTestDatabase()).url
  {
    using listening = recordStatements()
    const overrides = { presence: { windowMs: 300 } }
    await using push = await startWebPushOnly()
    await using parley = await startParley({
      vapidKey: push.vapidKey,
      databaseUrl,
      config: { ...UNLIMITED, ...SERVER_API, push: push.config },
      overrides,
      media: 'folder',
    })
    const { direct } = await runEveryStatement(parley)
    await useBackend(parley, direct)
    await usePush(parley, push)
    await parley.stop()
    statements = distinct(listening.statements)
  }
  ;({ client } = resources.use(await connect(databaseUrl)))
  await fillWithMessages(client, 1_000)
  await client.query(BACKLOG)
  await client.query(REVOCATIONS)
  await client.query(DELETED)
  await client.query(PUSHED)
  await client.query('ANALYZE')
  indexes = await readIndexes(client)
})

afterAll(() => resources.disposeAsync())

test('the plan of every statement is checked, or an exception says why not', async () => {
  const written = (await sourceOfStatements()).toSorted()
  const heard = new Set(statements.map(({ name }) => name))
  const unheard = written.filter((name) => !heard.has(name) && !(name in NOT_OF_A_CONVERSATION))
  expect(unheard, 'let everyday.ts lead to these, or say here why nothing does').toEqual([])
  expect(written).toEqual(expect.arrayContaining(Object.keys(NOT_OF_A_CONVERSATION)))
})

test('the plan of every Prisma call is checked', async () => {
  const made = await callsOfPrisma()
  const unheard = made.filter(
    ([verb, table]) =>
      !statements.some(({ text }) => text.startsWith(verb) && text.includes(`"public"."${table}"`)),
  )
  expect(unheard).toEqual([])
  expect(made.length).toBeGreaterThan(8)
})

test('every statement can use an index in a small database', async () => {
  // A table of one or two pages is scanned faster without an index. This checks that an index exists for larger ones.
  await client.query('BEGIN')
  for (const whole of ['seqscan', 'hashjoin', 'mergejoin'])
    await client.query(`SET LOCAL enable_${whole} = off`)
  const faults = await faultsOfAll()
  await client.query('ROLLBACK')
  expect(faults).toEqual([])
})

test('gateways run the generic plans that these tests check', async () => {
  const logger = { warn: () => undefined }
  for (const isReadOnly of [false, true]) {
    const options = { url: databaseUrl, name: 'growth', isReadOnly, size: 1, queryDeadlineMs: 5_000, logger }
    const pool = new ConnectionPool(options)
    expect(await pool.run(PLAN_MODE, [])).toEqual([{ mode: 'force_generic_plan' }])
    await pool.end()
  }
})

test.each([
  ['in many small chats', MANY_SMALL_CHATS],
  ['in few huge chats', FEW_HUGE_CHATS],
])(
  'with ten million messages %s, every statement reads rows of one chat or one user by an index',
  async (_, size) => {
    await setTableStatistics(client, size)
    expect(await faultsOfAll()).toEqual([])
  },
)

test('the planner uses the simulated statistics', async () => {
  await setTableStatistics(client, MANY_SMALL_CHATS)
  for (const [table, { rows }] of Object.entries(tablesOf(MANY_SMALL_CHATS))) {
    const plan = await genericPlan(client, { name: '', text: `SELECT FROM ${table}`, values: [] })
    expect(plan['Plan Rows'], table).toBeCloseTo(rows, -3)
  }
})

test.each([
  ['ALTER TABLE messages DROP CONSTRAINT messages_pkey', 'message_list'],
  ['DROP INDEX members_user_id_idx', 'chat_list'],
  ['DROP INDEX device_positions_user_id_device_id_idx', 'device_register'],
  ['DROP INDEX messages_chat_id_sender_id_client_message_id_key', 'message_append'],
  ['DROP INDEX messages_expires_at_idx', 'message_erase_expired'],
])('%s is noticed', async (sabotage, name) => {
  await setTableStatistics(client, FEW_HUGE_CHATS)
  await client.query('BEGIN')
  await client.query(sabotage)
  const faults = await faultsOfAll()
  await client.query('ROLLBACK')
  expect(faults.map(([statement]) => statement)).toContain(name)
})

test.each([
  ["SELECT body FROM messages WHERE body = 'tea'", /Seq Scan on messages/],
  ["SELECT body FROM messages WHERE sender_id = 'alice'", /binds none/],
  ["SELECT body FROM messages WHERE chat_id = $1::uuid AND body LIKE '%tea%'", /a whole chat/],
  [
    "SELECT body FROM messages WHERE chat_id = $1::uuid AND body LIKE '%tea%' ORDER BY seq LIMIT 10",
    /does not count rows removed by the filter/,
  ],
  ['SELECT count(*) FROM chat_events WHERE chat_id = $1::uuid AND seq > 5', /a whole chat/],
  ['SELECT id FROM chats ORDER BY last_activity_at DESC LIMIT 10', /Seq Scan on chats/],
  ['SELECT 1 FROM "_prisma_migrations"', /has no access path/],
])('a new statement is noticed that asks for more than it may: %s', async (text, fault) => {
  await setTableStatistics(client, FEW_HUGE_CHATS)
  const plan = await genericPlan(client, { name: 'new', text, values: [] })
  expect(findPlanProblems(plan, indexes).join()).toMatch(fault)
})

/** Explains the generic plan, which gateways run. */
async function faultsOfAll(): Promise<[string, ...string[]][]> {
  const found: [string, ...string[]][] = []
  for (const sent of statements) {
    const faults = findPlanProblems(await genericPlan(client, sent), {
      ...indexes,
      worklist: SWEEPS[sent.name],
    })
    if (faults.length > 0) found.push([titleOf(sent), ...faults])
  }
  return found
}

const SOURCE = path.join(import.meta.dirname, '../../../src')

async function* sources(): AsyncGenerator<string, void, void> {
  for (const entry of await readdir(SOURCE, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name)
    if (entry.isFile() && !file.includes('generated')) yield readFile(file, 'utf8')
  }
}

/** The names of all statements in the source. */
async function sourceOfStatements(): Promise<string[]> {
  const names: string[] = []
  for await (const text of sources()) {
    for (const [, either, name] of text.matchAll(/name: (?:\w+ \? '(\w+)' : )?'(\w+)',\s+text:/g)) {
      names.push(...[either, name].filter((one) => one !== undefined))
    }
  }
  return names
}

const VERBS = [
  ['SELECT', /^(find|count)/],
  ['UPDATE', /^update/],
  ['DELETE', /^delete/],
  ['INSERT', /^(create|upsert)/],
] as const

/** Each call of Prisma in the source, as operation and table. */
async function callsOfPrisma(): Promise<(readonly [verb: string, table: string])[]> {
  const calls: (readonly [string, string])[] = []
  for await (const text of sources()) {
    for (const [, model = '', method = ''] of text.matchAll(/prisma\.([a-z]\w+)\.([a-z]\w+)\(/g)) {
      const verb = VERBS.find(([, pattern]) => pattern.test(method))?.[0] ?? method
      calls.push([verb, `${model.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}s`])
    }
  }
  return calls
}
