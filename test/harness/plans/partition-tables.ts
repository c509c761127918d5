import type pg from 'pg'

/** The number of partitions per table. */
export const PARTS = 8

/** The tables with rows of chats, and the column with the chat id. */
export const CHAT_TABLES = {
  chats: 'id',
  members: 'chat_id',
  chat_events: 'chat_id',
  log_floors: 'chat_id',
  messages: 'chat_id',
  reactions: 'chat_id',
  attachments: 'chat_id',
  device_positions: 'chat_id',
  member_change_keys: 'chat_id',
  chat_marks: 'chat_id',
  follower_positions: 'chat_id',
  pushes: 'chat_id',
} as const satisfies Readonly<Record<string, string>>

const TRIGGERS = `
  SELECT pg_get_triggerdef(oid) AS definition, tgname AS name FROM pg_trigger
  WHERE tgrelid = $1::regclass AND NOT tgisinternal`

/**
 * Recreates each table of chats with the same columns, keys, indexes and triggers, partitioned by a hash of the chat
 * id. This proves that the schema can be partitioned: PostgreSQL rejects a unique key without the chat id.
 */
export async function partitionByChat(client: pg.Client): Promise<void> {
  for (const [table, column] of Object.entries(CHAT_TABLES)) {
    const { rows } = await client.query<{ definition: string; name: string }>(TRIGGERS, [table])
    await client.query(`ALTER TABLE ${table} RENAME TO ${table}_whole`)
    await client.query(
      `CREATE TABLE ${table} (LIKE ${table}_whole INCLUDING ALL) PARTITION BY HASH (${column})`,
    )
    await client.query(`DROP TABLE ${table}_whole`)
    for (let part = 0; part < PARTS; part += 1) {
      await client.query(
        `CREATE TABLE ${table}_part_${part} PARTITION OF ${table} FOR VALUES WITH (MODULUS ${PARTS}, REMAINDER ${part})`,
      )
    }
    // Nothing follows yet, so all of them are off.
    for (const { definition, name } of rows) {
      await client.query(definition)
      await client.query(`ALTER TABLE ${table} DISABLE TRIGGER ${name}`)
    }
  }
}
