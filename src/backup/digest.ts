import pg from 'pg'
import { columnList, type Table } from './catalogue.ts'
import type { LogCounts } from './manifest.ts'
import type { BackupConnection } from './connection.ts'

/** The contents of a table in two figures that do not depend on the order of the rows. */
export type TableDigest = Readonly<{ rows: number; digest: string }>

/*
 * The database computes the digest from its rows, at backup and at restore, so it covers the whole path in between.
 * It is the sum of 64 bits of each row's SHA-256: independent of order, in constant memory. Reads the whole table,
 * locks nothing.
 */
function digestOf({ name, columns }: Pick<Table, 'name' | 'columns'>): string {
  const row = `convert_to(ROW(${columnList(columns)})::text, 'UTF8')`
  return `
    SELECT count(*)::float8 AS rows,
      coalesce(sum(('x' || encode(substr(sha256(${row}), 1, 8), 'hex'))::bit(64)::bigint), 0)::text AS digest
    FROM ${pg.escapeIdentifier(name)}`
}

/** Computes the digest in the transaction of the connection. */
export async function digestTable(
  { client }: BackupConnection,
  table: Pick<Table, 'name' | 'columns'>,
): Promise<TableDigest> {
  const { rows } = await client.query<TableDigest>(digestOf(table))
  return rows[0] ?? { rows: 0, digest: '0' }
}

// Scans chat_events and chats once. An intact log begins after its floor, has no gap, and ends at the chat's head.
const LOG_COUNTS = `
  SELECT count(*)::float8 AS chats, coalesce(sum(l.events), 0)::float8 AS events,
    (count(*) FILTER (WHERE l.events <> l.last_seq - l.first_seq + 1 OR l.first_seq <> coalesce(f.floor_seq, 0) + 1
      OR l.last_seq IS DISTINCT FROM c.head_seq))::float8 AS broken
  FROM (
    SELECT chat_id, count(*) AS events, min(seq) AS first_seq, max(seq) AS last_seq FROM chat_events GROUP BY chat_id
  ) l LEFT JOIN chats c ON c.id = l.chat_id LEFT JOIN log_floors f ON f.chat_id = l.chat_id`

/** Counts the logs of all chats and their events, and the logs that are not intact. */
export async function countLogs({ client }: BackupConnection): Promise<LogCounts> {
  const { rows } = await client.query<LogCounts>(LOG_COUNTS)
  return rows[0] ?? { chats: 0, events: 0, broken: 0 }
}
