import type pg from 'pg'

/** Chats of one kind: their number, and the messages in each of them on each of `DAYS`. */
type Kind = Readonly<{
  kind: 'DIRECT' | 'GROUP'
  first: number
  chats: number
  members: number
  perDay: number
}>

export const DAYS = 50

/** The share of messages in a few huge groups, in large groups, and in direct chats. */
const [HUGE_SHARE, LARGE_SHARE, SMALL_SHARE] = [0.15, 0.2, 0.65]
const HUGE_CHATS = 3

/** Chat ids increase, as UUIDs of version 7 do. */
const CHAT_ID = `('01900000-0000-7000-8000-' || lpad(to_hex(k), 12, '0'))::uuid`
/** The members of chat k by number: neighbours in the ring of all users. */
const memberId = (k: string, member: string): string =>
  `'user-' || ((${k}::bigint * 97 + ${member}) % $users)`

/**
 * Fills an empty database with messages of 100 characters: 15 % in three groups of a thousand people, 20 % in groups of
 * fifty, and the rest in direct chats of fifty messages. It inserts day by day, so that a chat's messages are as far
 * apart on the disk as they would be in production. It drops the indexes first and recreates them at the end.
 */
export async function fillWithMessages(
  client: pg.Client,
  messages: number,
  onDay: (day: number) => void = () => undefined,
): Promise<void> {
  const users = Math.max(40, Math.round(messages / 100))
  const kinds = kindsOf(messages, users)
  const run = (text: string, values: Readonly<Record<string, unknown>>): Promise<unknown> =>
    client.query(...withNames(text, { users, ...values }))
  await run(USERS, {})
  for (const kind of kinds) {
    const { first, chats, members, perDay } = kind
    const last = first + chats - 1
    const head = perDay * DAYS + (kind.kind === 'GROUP' ? 1 : 0)
    await run(CHATS, { kind: kind.kind, first, last, members, head })
    await run(MEMBERS, { first, last, members, head })
    if (kind.kind === 'GROUP') await run(CREATIONS, { first, last })
    else await run(PAIRS, { first, last })
  }
  const indexes = await dropIndexes(client)
  for (let day = 0; day < DAYS; day += 1) {
    for (const { kind, first, chats, members, perDay } of kinds) {
      const from = day * perDay + (kind === 'GROUP' ? 2 : 1)
      await run(MESSAGES, { first, last: first + chats - 1, members, from, until: from + perDay - 1, day })
    }
    onDay(day + 1)
  }
  for (const definition of indexes) await client.query(definition)
  for (const text of OTHER_ROWS) await run(text, {})
}

type LargeChat = Readonly<{ id: string; headSeq: number }>

/** Returns the three largest chats, which have the same length. */
export function largestChats(messages: number): readonly [LargeChat, LargeChat, LargeChat] {
  const headSeq = (kindsOf(messages, 1_000)[0]?.perDay ?? 0) * DAYS + 1
  const numbered = (number: number) => ({ id: `01900000-0000-7000-8000-00000000000${number}`, headSeq })
  return [numbered(1), numbered(2), numbered(3)]
}

function kindsOf(messages: number, users: number): readonly Kind[] {
  const large = Math.max(1, Math.round(messages / 100_000))
  const perDay = (share: number, chats: number): number =>
    Math.max(1, Math.round((messages * share) / chats / DAYS))
  const small = Math.round((messages * SMALL_SHARE) / DAYS)
  return [
    {
      kind: 'GROUP',
      first: 1,
      chats: HUGE_CHATS,
      members: Math.min(1_000, users),
      perDay: perDay(HUGE_SHARE, HUGE_CHATS),
    },
    {
      kind: 'GROUP',
      first: 101,
      chats: large,
      members: Math.min(50, users),
      perDay: perDay(LARGE_SHARE, large),
    },
    { kind: 'DIRECT', first: 1_001, chats: small, members: 2, perDay: 1 },
  ]
}

const USERS = `
  INSERT INTO users (id, name, claims_issued_at)
  SELECT 'user-' || number, 'User ' || number, now() FROM generate_series(0, $users::int - 1) AS number`

const CHATS = `
  INSERT INTO chats (id, kind, title, creator_id, head_seq, members_seq, member_count, last_activity_at)
  SELECT ${CHAT_ID}, $kind::"ChatKind", CASE WHEN $kind::text = 'GROUP' THEN 'Group ' || k END, ${memberId('k', '0')},
    $head::int, 1, $members::int, now() - make_interval(secs => k % 100000)
  FROM generate_series($first::int, $last::int) AS k`

const MEMBERS = `
  INSERT INTO members (chat_id, user_id, role, delivered_seq, read_seq)
  SELECT ${CHAT_ID}, ${memberId('k', 'member')}, CASE WHEN member = 0 THEN 'OWNER' ELSE 'MEMBER' END::"MemberRole",
    $head::int, $head::int
  FROM generate_series($first::int, $last::int) AS k, generate_series(0, $members::int - 1) AS member`

const PAIRS = `
  INSERT INTO direct_chats (low_user_id, high_user_id, chat_id)
  SELECT LEAST(a, b), GREATEST(a, b), id
  FROM (
    SELECT ${CHAT_ID} AS id, ${memberId('k', '0')} AS a, ${memberId('k', '1')} AS b
    FROM generate_series($first::int, $last::int) AS k
  ) pair
  ON CONFLICT DO NOTHING`

const CREATIONS = `
  INSERT INTO chat_events (chat_id, seq, type, actor_id, at)
  SELECT ${CHAT_ID}, 1, 'CHAT_UPDATED', ${memberId('k', '0')}, now() - interval '60 days'
  FROM generate_series($first::int, $last::int) AS k`

const MESSAGES = `
  WITH inserted AS (
    INSERT INTO messages (chat_id, seq, sender_id, client_message_id, fingerprint, body, sent_at)
    SELECT ${CHAT_ID}, seq, ${memberId('k', 'seq % $members::int')}, md5(seq::text || ' ' || k),
      decode(md5(seq::text) || md5(k::text), 'hex'), rpad('Message ' || seq, 100, ' and so on'),
      now() - make_interval(days => ${DAYS} - $day::int)
    FROM generate_series($first::int, $last::int) AS k, generate_series($from::int, $until::int) AS seq
    RETURNING chat_id, seq, sender_id, sent_at
  )
  INSERT INTO chat_events (chat_id, seq, type, actor_id, at, message_seq)
  SELECT chat_id, seq, 'MESSAGE_SENT', sender_id, sent_at, seq FROM inserted`

/** Two up-to-date devices per user, a reaction and a file to one message in ten, and untrimmed logs. */
const OTHER_ROWS = [
  `INSERT INTO devices (user_id, device_id)
  SELECT id, device FROM users, unnest('{phone,laptop}'::text[]) AS device ON CONFLICT DO NOTHING`,
  `INSERT INTO device_positions (chat_id, user_id, device_id, acked_seq)
  SELECT chat_id, user_id, device, read_seq FROM members, unnest('{phone,laptop}'::text[]) AS device
  ON CONFLICT DO NOTHING`,
  `INSERT INTO reactions (chat_id, message_seq, emoji, user_id)
  SELECT chat_id, seq, '👍', sender_id FROM messages WHERE seq % 10 = 0 ON CONFLICT DO NOTHING`,
  `WITH file AS (
    INSERT INTO uploads (id, uploader_id, storage_key, file_name, content_type, byte_size, ready_at, attempt, kind, chat_id,
      message_seq, is_tidy)
    SELECT gen_random_uuid(), sender_id, gen_random_uuid(), 'notes.txt', 'text/plain', 7, sent_at, gen_random_uuid(),
      'FILE', chat_id, seq, true
    FROM messages WHERE seq % 10 = 0 RETURNING *
  )
  INSERT INTO attachments (chat_id, message_seq, position, id, kind, file_name, content_type, byte_size, has_thumbnails)
  SELECT chat_id, message_seq, 1, id, kind, file_name, content_type, byte_size, false FROM file`,
  `INSERT INTO upload_usages (day, user_id, byte_count) SELECT current_date, id, 7 FROM users ON CONFLICT DO NOTHING`,
  `INSERT INTO log_floors (chat_id, floor_seq) SELECT id, 0 FROM chats ON CONFLICT DO NOTHING`,
]

/** Names for parameters instead of numbers. */
function withNames(text: string, values: Readonly<Record<string, unknown>>): [string, unknown[]] {
  const used: string[] = []
  const numbered = text.replace(/\$([a-z]+)/gi, (_, name: string) => {
    if (!used.includes(name)) used.push(name)
    return `$${used.indexOf(name) + 1}${name === 'users' ? '::bigint' : ''}`
  })
  return [numbered, used.map((name) => values[name])]
}

const INDEXES = `
  SELECT c.relname AS "table", i.relname AS name, pg_get_indexdef(x.indexrelid) AS definition, k.conname AS "constraint",
    pg_get_constraintdef(k.oid) AS "constraintDefinition"
  FROM pg_index x
    JOIN pg_class c ON c.oid = x.indrelid
    JOIN pg_class i ON i.oid = x.indexrelid
    LEFT JOIN pg_constraint k ON k.conindid = x.indexrelid AND k.contype = 'p'
  WHERE c.relnamespace = 'public'::regnamespace AND c.relname IN ('messages', 'chat_events')`

type Index = Readonly<{
  table: string
  name: string
  definition: string
  constraint: string | null
  constraintDefinition: string | null
}>

/** Drops the indexes of the tables that grow most. Returns the statements that recreate them. */
async function dropIndexes(client: pg.Client): Promise<readonly string[]> {
  const { rows } = await client.query<Index>(INDEXES)
  for (const { table, name, constraint } of rows) {
    await client.query(
      constraint === null ? `DROP INDEX ${name}` : `ALTER TABLE ${table} DROP CONSTRAINT ${name}`,
    )
  }
  return rows.map(({ table, definition, constraint, constraintDefinition }) =>
    constraint === null
      ? definition
      : `ALTER TABLE ${table} ADD CONSTRAINT ${constraint} ${constraintDefinition}`,
  )
}
