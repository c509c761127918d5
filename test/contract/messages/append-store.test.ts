import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ChatId, UserId } from '../../../src/ids.ts'
import { type AppendOutcome, createAppendStore } from '../../../src/messages/append-store.ts'
import type { NewMessage } from '../../../src/messages/new-message.ts'
import { createDatabase } from '../../../src/store/database.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import { createAttachmentStore } from '../../../src/media/attachment-store.ts'
import { alice, bob, carol } from '../../harness/fixtures/chat-events.ts'
import { connect, createTestDatabase } from '../../harness/servers/database.ts'

/*
 * The laws of appending, for a message that is alone, which has a statement of its own, and for one among others.
 * Another connection holds the chat's lock and changes something that the waiting statement has already read.
 */

const resources = new AsyncDisposableStack()
let database: ReturnType<typeof createDatabase>
let other: pg.Client
beforeAll(async () => {
  const { url } = resources.use(await createTestDatabase())
  database = createDatabase({ writerUrl: url, logger: pino({ level: 'silent' }), metrics: createMetrics() })
  resources.defer(() => database.stop())
  await database.start()
  other = resources.use(await connect(url)).client
})
afterAll(() => resources.disposeAsync())

const messageTo = (chatId: ChatId, more: Partial<NewMessage> = {}): NewMessage => ({
  chatId,
  senderId: alice,
  type: null,
  data: null,
  clientMessageId: randomUUID(),
  body: 'hello',
  fingerprint: Buffer.alloc(16, 7),
  replyToSeq: null,
  attachmentIds: [],
  ...more,
})

/** A group of these members, whose log has two events. */
async function group(...members: readonly UserId[]): Promise<ChatId> {
  const id = randomUUID() as ChatId
  await other.query(
    `INSERT INTO chats (id, kind, creator_id, member_count, head_seq, members_seq) VALUES ($1, 'GROUP', $2, 2, 2, 1)`,
    [id, alice],
  )
  for (const userId of members)
    await other.query('INSERT INTO members (chat_id, user_id) VALUES ($1, $2)', [id, userId])
  return id
}

const REMOVE = `UPDATE members SET left_seq = 3 WHERE chat_id = $1 AND user_id = $2`
const MOVE_MEMBERS = 'UPDATE chats SET head_seq = 3, members_seq = 3 WHERE id = $1'

/** Resolves when some statement waits for a lock. */
async function waitsForLock(): Promise<void> {
  const waiting = async (): Promise<number> => {
    const { rows } = await other.query<{ count: number }>(
      `SELECT count(*)::int FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`,
    )
    return rows[0]?.count ?? 0
  }
  await expect.poll(waiting, { interval: 5 }).toBeGreaterThan(0)
}

async function logOf(chatId: ChatId): Promise<readonly number[]> {
  const { rows } = await other.query<{ seq: number }>(
    'SELECT seq FROM messages WHERE chat_id = $1 ORDER BY seq',
    [chatId],
  )
  return rows.map(({ seq }) => seq)
}

describe.each([
  ['alone', async () => []],
  ['among others', async () => [messageTo(await group(alice))]],
])('a message that is %s', (_, companions) => {
  async function append(message: NewMessage): Promise<AppendOutcome | undefined> {
    const store = createAppendStore({
      writer: database.durableWriter,
      claimUploads: createAttachmentStore(database).claim,
    })
    return (await store.append([message, ...(await companions())]))[0]
  }

  /** Appends while another transaction holds the chat's lock, which makes the change and then commits. */
  async function appendDuring(
    message: NewMessage,
    change: () => Promise<unknown>,
  ): Promise<AppendOutcome | undefined> {
    await other.query('BEGIN')
    await other.query('SELECT FROM chats WHERE id = $1 FOR UPDATE', [message.chatId])
    await change()
    const outcome = append(message)
    // The test ends with the assertions about the outcome.
    outcome.catch(() => undefined)
    await waitsForLock()
    await other.query('COMMIT')
    return outcome
  }

  test('gets the next seq, the time of the commit and the lifetime of the chat', async () => {
    const chatId = await group(alice, bob)
    await other.query('UPDATE chats SET message_ttl_seconds = 60 WHERE id = $1', [chatId])
    const outcome = await append(messageTo(chatId))
    expect(outcome).toMatchObject({ type: 'stored', seq: 3, membersSeq: 1, joined: [] })
    if (outcome?.type !== 'stored') throw new Error('not stored')
    expect(outcome.expiresAt?.getTime()).toBe(outcome.at.getTime() + 60_000)
    const { rows } = await other.query<Record<string, unknown>>(
      `SELECT c.head_seq, c.last_activity_at AS activity, e.type, e.actor_id, e.at, m.body, m.sent_at, m.expires_at,
        m.fingerprint, m.reply_to_seq
       FROM chats c JOIN chat_events e ON e.chat_id = c.id JOIN messages m ON m.chat_id = c.id AND m.seq = e.message_seq
       WHERE c.id = $1`,
      [chatId],
    )
    const { at, expiresAt: expires_at } = outcome
    expect(rows).toEqual([
      {
        head_seq: 3,
        activity: at,
        type: 'MESSAGE_SENT',
        actor_id: alice,
        at,
        body: 'hello',
        sent_at: at,
        expires_at,
        fingerprint: Buffer.alloc(16, 7),
        reply_to_seq: null,
      },
    ])
  })

  test('of a direct chat without events names the users who see the chat from then on', async () => {
    const chatId = await group(alice, bob)
    await other.query(`UPDATE chats SET kind = 'DIRECT', head_seq = 0 WHERE id = $1`, [chatId])
    const outcome = await append(messageTo(chatId))
    expect(outcome).toMatchObject({ type: 'stored', seq: 1 })
    expect(outcome?.type === 'stored' && outcome.joined.toSorted()).toEqual([alice, bob].toSorted())
  })

  test('is rejected with its reason', async () => {
    const chatId = await group(alice, bob)
    await other.query(REMOVE, [chatId, bob])
    const outcomes = [
      await append(messageTo(randomUUID() as ChatId)),
      await append(messageTo(chatId, { senderId: carol })),
      await append(messageTo(chatId, { senderId: bob })),
      await append(messageTo(chatId, { replyToSeq: 2 })),
    ]
    expect(outcomes.map((outcome) => outcome?.type)).toEqual([
      'no-such-chat',
      'not-a-member',
      'has-left',
      'no-such-reply-target',
    ])
    expect(await logOf(chatId)).toEqual([])
  })

  test('may reply to a message that its sender may see, and to no other', async () => {
    const chatId = await group(alice, bob)
    await append(messageTo(chatId))
    expect(await append(messageTo(chatId, { replyToSeq: 3 }))).toMatchObject({ type: 'stored', seq: 4 })
    await other.query('UPDATE members SET joined_seq = 5 WHERE chat_id = $1 AND user_id = $2', [chatId, bob])
    const hidden = { senderId: bob, replyToSeq: 3 }
    expect(await append(messageTo(chatId, hidden))).toEqual({ type: 'no-such-reply-target' })
    await other.query(`UPDATE members SET earlier_stays = '{[3,4)}' WHERE chat_id = $1 AND user_id = $2`, [
      chatId,
      bob,
    ])
    expect(await append(messageTo(chatId, hidden))).toMatchObject({ type: 'stored', seq: 5 })
  })

  test('whose key was used is a duplicate of the first message', async () => {
    const message = messageTo(await group(alice, bob))
    expect(await append(message)).toMatchObject({ type: 'stored', seq: 3 })
    expect(await append(message)).toMatchObject({
      type: 'duplicate',
      seq: 3,
      fingerprint: message.fingerprint,
    })
    expect(await logOf(message.chatId)).toEqual([3])
  })

  test('is not stored if its sender is removed while the statement waits for the lock', async () => {
    const chatId = await group(alice, bob)
    const outcome = await appendDuring(messageTo(chatId), async () => {
      await other.query(REMOVE, [chatId, alice])
      await other.query(MOVE_MEMBERS, [chatId])
    })
    expect(['retry', 'has-left']).toContain(outcome?.type)
    expect(await logOf(chatId)).toEqual([])
  })

  test('follows messages that were stored while the statement waits for the lock', async () => {
    const chatId = await group(alice, bob)
    const outcome = await appendDuring(messageTo(chatId), () =>
      other.query(
        `UPDATE chats SET head_seq = 7, last_activity_at = now() + interval '1 hour' WHERE id = $1`,
        [chatId],
      ),
    )
    expect(outcome).toMatchObject({ type: 'stored', seq: 8 })
    // The times of a chat's events do not go back.
    expect(outcome?.type === 'stored' && outcome.at.getTime() - Date.now()).toBeGreaterThan(3_000_000)
  })

  test('fails, and is a duplicate afterwards, if its key is used while the statement waits for the lock', async () => {
    const message = messageTo(await group(alice, bob))
    const stored = `
      INSERT INTO messages (chat_id, seq, sender_id, client_message_id, fingerprint, body, sent_at)
      VALUES ($1, 3, $2, $3, $4, 'hello', now())`
    const { chatId, senderId, clientMessageId, fingerprint } = message
    const appending = appendDuring(message, async () => {
      await other.query('UPDATE chats SET head_seq = 3 WHERE id = $1', [chatId])
      await other.query(stored, [chatId, senderId, clientMessageId, fingerprint])
    })
    await expect(appending).rejects.toMatchObject({ code: '23505' })
    expect(await append(message)).toMatchObject({ type: 'duplicate', seq: 3 })
  })
})
