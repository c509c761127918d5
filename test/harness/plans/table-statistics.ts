import type pg from 'pg'

/** The size of a database. */
export type DatabaseSize = Readonly<{
  messages: number
  /** Chats with messages. */
  chats: number
  users: number
  /** Rows in `members` per chat. */
  membersPerChat: number
  /** The number of chats that share the messages. */
  activeChats: number
}>

/** Ten million messages in many small chats. */
export const MANY_SMALL_CHATS: DatabaseSize = {
  messages: 10_000_000,
  chats: 1_000_000,
  users: 500_000,
  membersPerChat: 2,
  activeChats: 1_000_000,
}

/** Ten million messages in few chats: a hundred thousand in each. */
export const FEW_HUGE_CHATS: DatabaseSize = {
  messages: 10_000_000,
  chats: 50_000,
  users: 50_000,
  membersPerChat: 20,
  activeChats: 100,
}

type Table = Readonly<{ rows: number; distinct: Readonly<Record<string, number>> }>

/** PostgreSQL's notation for as many distinct values as rows. */
const UNIQUE = -1

/** Returns the rows and distinct values of each table for a database of this size. */
export function tablesOf({
  messages,
  chats,
  users,
  membersPerChat,
  activeChats: talkative,
}: DatabaseSize): Readonly<Record<string, Table>> {
  const members = chats * membersPerChat
  const ofChat = { chat_id: talkative, seq: messages / talkative }
  return {
    users: { rows: users, distinct: { id: UNIQUE } },
    devices: { rows: 2 * users, distinct: { user_id: users, device_id: 1_000 } },
    chats: { rows: chats, distinct: { id: UNIQUE } },
    members: { rows: members, distinct: { chat_id: chats, user_id: users } },
    device_positions: {
      rows: 2 * members,
      distinct: { chat_id: chats, user_id: users, device_id: 1_000 },
    },
    chat_events: { rows: messages, distinct: ofChat },
    log_floors: { rows: chats, distinct: { chat_id: UNIQUE } },
    messages: { rows: messages, distinct: { ...ofChat, sender_id: users, client_message_id: UNIQUE } },
    chat_marks: { rows: chats, distinct: { chat_id: UNIQUE, follower_id: 2 } },
    follower_positions: { rows: chats, distinct: { chat_id: UNIQUE, follower_id: 2 } },
    push_targets: { rows: users, distinct: { user_id: users, device_id: 1_000, digest: UNIQUE } },
    pushes: { rows: members, distinct: { chat_id: chats, user_id: users, device_id: 1_000, is_shown: 2 } },
    server_calls: { rows: messages, distinct: { id: UNIQUE } },
    deleted_chats: { rows: chats / 10, distinct: { chat_id: UNIQUE } },
    revocations: { rows: users, distinct: { change: UNIQUE, user_id: UNIQUE } },
    reactions: { rows: messages / 4, distinct: { chat_id: talkative, message_seq: messages / talkative } },
    attachments: { rows: messages / 10, distinct: { chat_id: talkative, message_seq: messages / talkative } },
    uploads: { rows: messages / 10, distinct: { id: UNIQUE } },
    upload_parts: { rows: messages / 1_000, distinct: { upload_id: messages / 10_000, start_byte: 10 } },
    upload_usages: { rows: users / 10, distinct: { day: 2, user_id: users / 20 } },
    direct_chats: { rows: chats, distinct: { low_user_id: users, high_user_id: users, chat_id: UNIQUE } },
    member_change_keys: { rows: chats, distinct: { chat_id: UNIQUE, key: 1_000 } },
    created_groups: { rows: chats, distinct: { creator_id: users, client_chat_id: UNIQUE } },
  }
}

const RELATIONS = `
  SELECT c.relname AS name, c.oid::regclass::text AS quoted, GREATEST(c.relpages, 1) AS pages,
    regexp_replace(c.relname, '_part_\\d+$', '') AS "table",
    count(*) OVER (PARTITION BY regexp_replace(c.relname, '_part_\\d+$', ''), c.relkind)::int AS parts
  FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'`

const RELATION_STATS = `
  SELECT pg_restore_relation_stats('schemaname', 'public', 'relname', $1::text,
    'relpages', $2::int, 'reltuples', $3::real)`

const COLUMN_STATS = `
  SELECT pg_restore_attribute_stats('schemaname', 'public', 'relname', $1::text, 'attname', $2::text,
    'inherited', false, 'null_frac', 0::real, 'avg_width', 16, 'n_distinct', $3::real)`

/**
 * Makes the planner assume tables of this size, independent of their content. The planner multiplies the rows per page
 * in the statistics by the current number of pages. Therefore call this after writing the rows, and do not analyze the
 * tables afterwards. The tables have few pages, so a scan of a whole table looks cheaper than it would be: a plan that
 * avoids it here avoids it on the full size too.
 */
export async function setTableStatistics(client: pg.Client, size: DatabaseSize): Promise<void> {
  await client.query('ANALYZE')
  const { rows } = await client.query<{
    name: string
    quoted: string
    pages: number
    table: string
    parts: number
  }>(RELATIONS)
  const tables = tablesOf(size)
  for (const { name, quoted, pages, table, parts } of rows) {
    const assumed = tables[table]
    if (assumed === undefined) continue
    await client.query(`ALTER TABLE ${quoted} SET (autovacuum_enabled = false)`)
    await client.query(RELATION_STATS, [name, pages, assumed.rows / parts])
    for (const [column, distinct] of Object.entries(assumed.distinct)) {
      await client.query(COLUMN_STATS, [name, column, distinct])
    }
  }
}
