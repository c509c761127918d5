import type pg from 'pg'
import { largestChats } from '../../test/harness/plans/fill-database.ts'

/*
 * The measured users are the same in each database. The reader is in twenty chats, two of which are among the largest.
 * The writer shares one chat with the reader, which is as long as the longest replay. The writer sends to another user
 * and to the third large group, in which the reader is not a member.
 */
export const READER = 'reader'
export const WRITER = 'writer'
export const OTHER = 'other'

/** The chat that is replayed. Its messages start after its first event. */
export const LOG_CHAT = '01900000-0000-7000-8000-0000f0000001'
const LOG_LENGTH = 10_000
export const DIRECT_CHAT = '01900000-0000-7000-8000-0000f0000002'
const SMALL_GROUPS = 17
const SMALL_LENGTH = 50

/** Pending events of each device. */
export const BEHIND = { 'phone-1000': 1_000, 'phone-10000': 10_000 } as const

export async function addMeasuredUsers(client: pg.Client, size: number): Promise<void> {
  await client.query(USERS, [[READER, WRITER, OTHER]])
  await makeGroup(client, LOG_CHAT, LOG_LENGTH)
  for (let number = 0; number < SMALL_GROUPS; number += 1) {
    await makeGroup(client, `01900000-0000-7000-8000-0000f0001${`${number}`.padStart(3, '0')}`, SMALL_LENGTH)
  }
  await client.query(DIRECT, [DIRECT_CHAT, WRITER, OTHER])
  const [written, ...read] = largestChats(size)
  await client.query(JOIN, [written.id, [WRITER]])
  for (const { id } of read) await client.query(JOIN, [id, [READER]])
  for (const [device, behind] of Object.entries(BEHIND)) {
    await client.query(DEVICE, [READER, device, LOG_CHAT, LOG_LENGTH + 1 - behind])
  }
}

async function makeGroup(client: pg.Client, id: string, length: number): Promise<void> {
  await client.query(GROUP, [id, length + 1, [READER, WRITER], WRITER])
  await client.query(MESSAGES, [id, length, WRITER])
}

const USERS = `INSERT INTO users (id, name, claims_issued_at) SELECT id, id, now() FROM unnest($1::text[]) AS id`

const GROUP = `
  WITH chat AS (
    INSERT INTO chats (id, kind, title, creator_id, head_seq, members_seq, member_count)
    VALUES ($1, 'GROUP', 'Measured', $4::text, $2::int, 1, cardinality($3::text[])) RETURNING id
  ), people AS (
    INSERT INTO members (chat_id, user_id, role, read_seq, delivered_seq)
    SELECT id, person, 'MEMBER', $2::int, $2::int FROM chat, unnest($3::text[]) AS person
  )
  INSERT INTO chat_events (chat_id, seq, type, actor_id, at) SELECT id, 1, 'CHAT_UPDATED', $4::text, now() FROM chat`

const MESSAGES = `
  WITH said AS (
    INSERT INTO messages (chat_id, seq, sender_id, client_message_id, fingerprint, body, sent_at)
    SELECT $1::uuid, seq, $3::text, 'key ' || seq, decode(md5(seq::text) || md5('x'), 'hex'),
      rpad('Message ' || seq, 100, ' and so on'), now()
    FROM generate_series(2, $2::int + 1) AS seq RETURNING chat_id, seq, sender_id, sent_at
  )
  INSERT INTO chat_events (chat_id, seq, type, actor_id, at, message_seq)
  SELECT chat_id, seq, 'MESSAGE_SENT', sender_id, sent_at, seq FROM said`

const DIRECT = `
  WITH chat AS (
    INSERT INTO chats (id, kind, creator_id, member_count) VALUES ($1, 'DIRECT', $2::text, 2) RETURNING id
  ), pair AS (
    INSERT INTO direct_chats (low_user_id, high_user_id, chat_id)
    SELECT LEAST($2::text, $3::text), GREATEST($2::text, $3::text), id FROM chat
  )
  INSERT INTO members (chat_id, user_id) SELECT id, unnest(ARRAY[$2::text, $3::text]) FROM chat`

const JOIN = `
  WITH chat AS (
    UPDATE chats SET member_count = member_count + cardinality($2::text[]) WHERE id = $1 RETURNING id, head_seq
  )
  INSERT INTO members (chat_id, user_id, read_seq, delivered_seq)
  SELECT id, person, head_seq, head_seq FROM chat, unnest($2::text[]) AS person`

const DEVICE = `
  WITH device AS (
    INSERT INTO devices (user_id, device_id) VALUES ($1, $2)
  )
  INSERT INTO device_positions (chat_id, user_id, device_id, acked_seq)
  SELECT m.chat_id, $1, $2, CASE WHEN m.chat_id = $3 THEN $4::int ELSE c.head_seq END
  FROM members m JOIN chats c ON c.id = m.chat_id WHERE m.user_id = $1`
