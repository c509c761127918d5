import { randomUUID } from 'node:crypto'
import pg from 'pg'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createChatLogStore } from '../../src/chats/chat-log-store.ts'
import { createChatLog } from '../../src/chats/chat-log.ts'
import { createRetentionStore } from '../../src/chats/retention-store.ts'
import { createRetention } from '../../src/chats/retention.ts'
import { createDeviceStore } from '../../src/delivery/device-store.ts'
import { createDeviceReplay } from '../../src/delivery/replay.ts'
import type { ChatId, DeviceId, UserId } from '../../src/ids.ts'
import { systemClock } from '../../src/lib/clock.ts'
import type { Reader } from '../../src/store/sql/reader.ts'
import { runStatement, type Statement } from '../../src/store/sql/statement.ts'
import type { Writer } from '../../src/store/sql/writer.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { captureLog } from '../harness/fixtures/captured-log.ts'
import { createTestDatabase, query } from '../harness/servers/database.ts'
import { SET_REACTION } from '../harness/people/documents.ts'
import { range } from '../harness/fixtures/chat-events.ts'
import { startParley, type TestParley, UNLIMITED } from '../harness/servers/parley.ts'
import type { Person, Stream } from '../harness/people/person.ts'

const DAY_S = 86_400
const NINETY_DAYS = { seconds: 90 * DAY_S, now: new Date(Date.now() + 60_000) }
const HEAD = 9
/** A device's position, how much of the log is deleted at its reconnect and before each page, and the page length. */
const SCENARIO = fc.record({
  position: fc.nat(HEAD),
  before: fc.nat(HEAD),
  between: fc.array(fc.nat(4), { maxLength: 5 }),
  page: fc.integer({ min: 1, max: 4 }),
})
const CONFIG = { ...UNLIMITED, logRetentionS: 90 * DAY_S }

let parley: TestParley
let alice: Person
let bob: Person

beforeAll(async () => {
  parley = await startParley({ config: CONFIG })
  alice = await parley.person('alice')
  bob = await parley.person('bob')
})
afterAll(() => parley[Symbol.asyncDispose]())

function idOf(chatId: string): ChatId {
  return chatId.replace('chat_', '') as ChatId
}

/** The connection of another gateway to the same database. It can hold a transaction open. */
async function connect() {
  const client = new pg.Client({ connectionString: parley.databaseUrl })
  await client.connect()
  const run = <Row>(statement: Statement, values: readonly unknown[] = []) =>
    runStatement<Row>(client, statement, values)
  const database = { writer: { query: run } as Writer, reader: { query: run } as Reader }
  return {
    client,
    database,
    store: createRetentionStore(database),
    chatLog: createChatLog({ store: createChatLogStore(database), writer: database.writer }),
    [Symbol.asyncDispose]: () => client.end(),
  }
}

/** Makes the chat's events up to `seq` a hundred days older. */
async function age(chatId: string, seq: number): Promise<void> {
  const sql = `UPDATE chat_events SET at = at - interval '100 days' WHERE chat_id = $1 AND seq <= $2`
  await query(parley.databaseUrl, sql, [idOf(chatId), seq])
}

/** Makes the next round over all chats due now. */
async function beginRound(): Promise<void> {
  await query(parley.databaseUrl, 'UPDATE log_sweeps SET due_at = now()')
}

async function keptSeqs(chatId: string): Promise<number[]> {
  const sql = 'SELECT seq FROM chat_events WHERE chat_id = $1 ORDER BY seq'
  const rows = await query<{ seq: number }>(parley.databaseUrl, sql, [idOf(chatId)])
  return rows.map(({ seq }) => seq)
}

/** Makes all events up to `seq` too old, and waits until they are deleted. */
async function trimTo(chatId: string, seq: number): Promise<void> {
  await age(chatId, seq)
  await beginRound()
  await expect
    .poll(async () => (await keptSeqs(chatId))[0] ?? Infinity, { timeout: 10_000 })
    .toBeGreaterThan(seq)
}

/** Creates a group in which alice sends messages up to `headSeq`. */
async function groupUpTo(headSeq: number, others: readonly Person[] = [bob]): Promise<string> {
  const group = await alice.createGroup(others)
  for (const seq of range(2, headSeq)) await alice.send(group, `message ${seq}`)
  return group
}

/** Registers a device of bob's that has acknowledged the chat up to this position and is offline. */
async function deviceAt(chatId: string, seq: number, person = bob): Promise<string> {
  const device = randomUUID()
  using stream = person.inbox(device)
  await stream.caughtUp()
  const sql = 'UPDATE device_positions SET acked_seq = $3 WHERE chat_id = $1 AND device_id = $2'
  await query(parley.databaseUrl, sql, [idOf(chatId), device, seq])
  return device
}

function types({ items }: Stream): string[] {
  return items.all.map(({ __typename }) => __typename)
}

describe('after retention has deleted events', () => {
  test('replays all events after any position, or sends InboxReset', async () => {
    const group = await groupUpTo(12)
    const devices = await Promise.all(range(0, 12).map((seq) => deviceAt(group, seq)))
    await trimTo(group, 7)
    expect(await keptSeqs(group)).toEqual(range(8, 12))

    for (const [seq, device] of devices.entries()) {
      using back = bob.inbox(device)
      await back.caughtUp()
      expect(back.seqs(group), `from ${seq}`).toEqual(seq < 7 ? [] : range(seq + 1, 12))
      expect(types(back).includes('InboxReset'), `from ${seq}`).toBe(seq < 7)
    }
  })

  test('lets a client that follows InboxReset have everything, and continue without a gap', async () => {
    const group = await groupUpTo(4)
    const device = await deviceAt(group, 1)
    await trimTo(group, 4)
    using back = bob.inbox(device)
    await back.next('InboxReset')
    const seen = await bob.fetchChat(group)
    expect(seen.headSeq).toBe(4)
    expect(seen.messages.edges.map(({ node }) => node.body)).toEqual(
      range(2, 4).map((seq) => `message ${seq}`),
    )
    await bob.markDelivered(group, seen.headSeq, device)
    await alice.send(group, 'more')
    await back.reaches(group, 5)
    expect(back.seqs(group)).toEqual([5])
    back.close()

    using again = bob.inbox(device)
    await again.caughtUp()
    expect(again.seqs(group)).toEqual([5])
    expect(types(again)).not.toContain('InboxReset')
  })

  test('continues an empty log with the next seq', async () => {
    const group = await groupUpTo(3)
    await trimTo(group, 3)
    expect(await keptSeqs(group)).toEqual([])
    using fresh = bob.inbox(randomUUID())
    await fresh.caughtUp()
    expect((await alice.send(group, 'more')).seq).toBe(4)
    await fresh.reaches(group, 4)
    expect(fresh.seqs(group)).toEqual([4])
    expect(types(fresh)).not.toContain('InboxReset')
  })

  test('keeps messages with their bodies, reactions, keys and replies', async () => {
    const group = await groupUpTo(1)
    const first = await alice.send(group, 'keep this', 'key')
    await trimTo(group, 2)
    expect(await alice.trySend(group, 'keep this', 'key')).toMatchObject({
      deduplicated: true,
      message: { id: first.id },
    })
    const again = await alice.trySend(group, 'something else', 'key').catch((error: unknown) => error)
    expect(String(again)).toContain('CONFLICT')
    const reply = `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { replyTo { id body } } } }`
    const input = { chatId: group, clientMessageId: 'key-2', body: 'yes', replyToId: first.id }
    expect(await alice.run(reply, { input })).toMatchObject({
      sendMessage: { message: { replyTo: { id: first.id, body: 'keep this' } } },
    })
    expect((await bob.fetchChat(group)).unreadCount).toBe(2)
  })

  test('answers NOT_FOUND to a query for events that are deleted', async () => {
    const group = await groupUpTo(8)
    await trimTo(group, 5)
    const events =
      'query ($id: ID!, $afterSeq: Int!) { chat(id: $id) { events(afterSeq: $afterSeq) { seq } } }'
    const from = (afterSeq: number) => bob.post<object>(events, { id: group, afterSeq })
    expect((await from(4)).errors?.[0]?.extensions).toMatchObject({ code: 'NOT_FOUND', retryable: false })
    expect((await from(5)).data).toEqual({ chat: { events: [{ seq: 6 }, { seq: 7 }, { seq: 8 }] } })
    expect((await from(8)).data).toEqual({ chat: { events: [] } })

    using lacking = bob.chatEvents(group, 4)
    await lacking.caughtUp()
    expect(types(lacking)).toEqual(['InboxReset', 'CaughtUp'])
    using complete = bob.chatEvents(group, 5)
    await complete.caughtUp()
    expect(complete.seqs(group)).toEqual([6, 7, 8])
  })

  test('sends InboxReset to a former member only if the end of the membership period was still pending', async () => {
    const carol = await parley.person('carol')
    const group = await groupUpTo(3, [bob, carol])
    const [behind, there] = [await deviceAt(group, 2, carol), await deviceAt(group, 3, carol)]
    await alice.removeMember(group, carol)
    await bob.send(group, 'after her')
    await carol.markDelivered(group, 4, there)
    await trimTo(group, 3)
    using missingTheEnd = carol.inbox(behind)
    await missingTheEnd.caughtUp()
    expect(types(missingTheEnd)).toContain('InboxReset')
    using atTheEnd = carol.inbox(there)
    await atTheEnd.caughtUp()
    expect(types(atTheEnd)).not.toContain('InboxReset')
  })

  test('sends no InboxReset for deleted events from between two membership periods', async () => {
    const dave = await parley.person('dave')
    const group = await groupUpTo(3)
    await alice.addMembers(group, [dave])
    const device = await deviceAt(group, 3, dave)
    await trimTo(group, 3)
    using back = dave.inbox(device)
    await back.caughtUp()
    expect(back.seqs(group)).toEqual([4])
    expect(types(back)).not.toContain('InboxReset')
  })
})

describe('while retention deletes events', () => {
  test('does not delay sends, even if the deletion hangs before its commit', async () => {
    const group = await groupUpTo(4)
    await age(group, 3)
    const carol = await parley.person('carol')
    await using otherGateway = await connect()
    await otherGateway.client.query('BEGIN')
    expect(await otherGateway.store.trim(idOf(group), 500, NINETY_DAYS)).toBe(3)
    const { id: messageId } = await alice.send(group, 'meanwhile')
    await bob.run(SET_REACTION, { input: { messageId, emoji: '👍', present: true } })
    await alice.addMembers(group, [carol])
    await bob.markRead(group, 5)
    expect((await bob.fetchChat(group)).headSeq).toBe(7)
    await otherGateway.client.query('ROLLBACK')
  })

  test('does not wait for sends, even if a send hangs before its commit', async () => {
    const group = await groupUpTo(4)
    await age(group, 3)
    await using send = await connect()
    await send.client.query('BEGIN')
    await send.client.query('SELECT FROM chats WHERE id = $1 FOR UPDATE', [idOf(group)])
    await beginRound()
    await expect.poll(() => keptSeqs(group), { timeout: 10_000 }).toEqual([4])
  })

  test('skips a chat that another gateway is trimming', async () => {
    const group = await groupUpTo(4)
    await age(group, 3)
    await using first = await connect()
    await using second = await connect()
    await first.client.query('BEGIN')
    expect(await first.store.trim(idOf(group), 2, NINETY_DAYS)).toBe(2)
    expect(await second.store.trim(idOf(group), 2, NINETY_DAYS)).toBe(0)
    await first.client.query('COMMIT')
    expect(await second.store.trim(idOf(group), 2, NINETY_DAYS)).toBe(1)
    expect(await keptSeqs(group)).toEqual([4])
  })

  test('keeps young events, even if an older one follows', async () => {
    const group = await groupUpTo(4)
    await age(group, 4)
    await query(parley.databaseUrl, 'UPDATE chat_events SET at = now() WHERE chat_id = $1 AND seq = 3', [
      idOf(group),
    ])
    await using gateway = await connect()
    expect(await gateway.store.trim(idOf(group), 500, NINETY_DAYS)).toBe(2)
    expect(await keptSeqs(group)).toEqual([3, 4])
  })

  test('deletes nothing if the clock of the gateway or the database jumps ahead', async () => {
    const group = await groupUpTo(2)
    await using gateway = await connect()
    const later = { seconds: 90 * DAY_S, now: new Date(Date.now() + 400 * DAY_S * 1_000) }
    expect(await gateway.store.trim(idOf(group), 500, later)).toBe(0)
    // The database's clock is ahead of all events and of the gateway's clock.
    await age(group, 2)
    const earlier = { seconds: 90 * DAY_S, now: new Date(Date.now() - 50 * DAY_S * 1_000) }
    expect(await gateway.store.trim(idOf(group), 500, earlier)).toBe(0)
    expect(await gateway.store.trim(idOf(group), 500, NINETY_DAYS)).toBe(2)
  })

  test('replays everything pending in order, or ends with InboxReset, whatever retention removes meanwhile', async () => {
    await using gateway = await connect()
    const devices = createDeviceStore(gateway.database)
    const property = fc.asyncProperty(SCENARIO, async ({ position, before, between, page }) => {
      const group = await groupUpTo(HEAD)
      const device = (await deviceAt(group, position)) as DeviceId
      await age(group, HEAD)
      const trim = (count: number) => count > 0 && gateway.store.trim(idOf(group), count, NINETY_DAYS)
      await trim(before)
      const all = await devices.pending('bob' as UserId, device)
      const pending = all.filter(
        ({ chatId, ackedSeq, lastSeq }) => chatId === idOf(group) && ackedSeq < lastSeq,
      )
      const trims = [...between]
      const replay = createDeviceReplay({
        chatLog: {
          async read(range) {
            await trim(trims.shift() ?? 0)
            return gateway.chatLog.read(range, page)
          },
        },
        receipts: { since: async () => ({ receipts: [], next: undefined }) },
        metrics: createMetrics(),
        throttled: (_signal, read) => read(),
        throttledShared: (_signal, read) => read(),
      })
      const registration = { type: 'known', receiptsUntil: new Date() } as const
      const events = { viewerId: 'bob' as UserId, registration, pending, onReceipt: () => undefined }
      const items = (await Array.fromAsync(replay(new AbortController().signal, events))).flat()
      const delivered = items.map((item) => ('seq' in item ? item.seq : item.type))
      const isComplete = delivered.at(-1) !== 'InboxReset'
      const seqs = isComplete ? delivered : delivered.slice(0, -1)
      expect(seqs).toEqual(range(position + 1, isComplete ? HEAD : position + seqs.length))
      if (position < before) expect(delivered).toEqual(['InboxReset'])
    })
    await fc.assert(property, { numRuns: 25 })
  })

  test('shares a round between two gateways: each old event is deleted once, and each gateway logs its part', async () => {
    await using own = await createTestDatabase()
    const chats = 40
    await query(own.url, OLD_LOGS, [chats])
    const retentions = await Promise.all([startRetention(own.url), startRetention(own.url)])
    const left = async () => (await query(own.url, 'SELECT FROM chat_events')).length
    await expect.poll(left, { timeout: 20_000 }).toBe(0)
    const reports = (await Promise.all(retentions.map((retention) => retention.stop()))).flat()
    const sum = (key: string) => reports.reduce((total, line) => total + Number(line[key]), 0)
    expect([sum('chats'), sum('events')]).toEqual([chats, chats * 10])
    // A round that found something is followed by one soon, in case that a gateway could not finish its part.
    const nextRound = `SELECT due_at < now() + interval '2 minutes' AS "isSoon" FROM log_sweeps`
    expect(await query(own.url, nextRound)).toEqual([{ isSoon: true }])
    const floors = await query(own.url, 'SELECT DISTINCT floor_seq AS "floorSeq" FROM log_floors')
    expect(floors).toEqual([{ floorSeq: 10 }])
  })
})

/** Inserts groups without members, each with ten events that are a year old. */
const OLD_LOGS = `
  WITH chat AS (
    INSERT INTO chats (id, kind, creator_id, head_seq, member_count)
    SELECT gen_random_uuid(), 'GROUP', 'alice', 10, 0 FROM generate_series(1, $1::int) RETURNING id
  )
  INSERT INTO chat_events (chat_id, seq, type, actor_id, at)
  SELECT id, seq, 'CHAT_UPDATED', 'alice', now() - interval '1 year' FROM chat, generate_series(1, 10) AS seq`

/** Starts the retention of another gateway, without pauses. */
async function startRetention(url: string) {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const run = <Row>(statement: Statement, values: readonly unknown[] = []) =>
    runStatement<Row>(client, statement, values)
  const { logger, lines } = captureLog()
  const retention = createRetention({
    store: createRetentionStore({ writer: { query: run } as Writer }),
    keepS: 90 * DAY_S,
    isOn: () => true,
    clock: systemClock,
    metrics: createMetrics(),
    logger,
    pace: { page: 3, batch: 4, restMs: 0, idleMs: 5 },
  })
  retention.start()
  return {
    async stop() {
      await retention.stop()
      await client.end()
      return lines.filter(({ msg }) => msg === 'log retention finished a round; old events were deleted')
    },
  }
}
