import type pg from 'pg'

/** How the tables lie in a database that is spread by chat. */
export const PARTS = 8

/** The tables of chats, and the column of each that says which chat a row is of. */
export const CHAT_TABLES = {
  chats: 'id',
  members: 'chat_id',
  chat_events: 'chat_id',
  log_floors: 'chat_id',
  messages: 'chat_id',
  reactions: 'chat_id',
  device_positions: 'chat_id',
} as const satisfies Readonly<Record<string, string>>

/**
 * Makes each table of chats anew, with the same columns, keys and indexes, in so many parts by a hash of the chat. That
 * PostgreSQL does so is a proof by itself: it refuses a unique key that leaves the chat out.
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
