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
} as const satisfies Readonly<Record<string, string>>

/**
 * Recreates each table of chats with the same columns, keys and indexes, partitioned by a hash of the chat id. This
 * proves that the schema can be partitioned: PostgreSQL rejects a unique key without the chat id.
 */
export async function partitionByChat(client: pg.Client): Promise<void> {
  for (const [table, column] of Object.entries(CHAT_TABLES)) {
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
  }
}
