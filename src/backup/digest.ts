import pg from 'pg'
import { columnList, type Table } from './catalogue.ts'
import type { LogCensus } from './manifest.ts'
import type { Session } from './session.ts'

/** What a table holds, in two figures that don't depend on the order of its rows. */
export type TableDigest = Readonly<{ rows: number; digest: string }>

/*
 * Made by the database from what it holds, on both sides; so it vouches for the way from one to the other, files and
 * all. A sum has no order, and memory for one number is enough: 64 bits of each row's SHA-256, added up. Reads the
 * whole table, locks nothing.
 */
function digestOf({ name, columns }: Pick<Table, 'name' | 'columns'>): string {
  const row = `convert_to(ROW(${columnList(columns)})::text, 'UTF8')`
  return `
    SELECT count(*)::float8 AS rows,
      coalesce(sum(('x' || encode(substr(sha256(${row}), 1, 8), 'hex'))::bit(64)::bigint), 0)::text AS digest
    FROM ${pg.escapeIdentifier(name)}`
}

/** In the session's transaction, with its view of the table. */
export async function digestTable(
  { client }: Session,
  table: Pick<Table, 'name' | 'columns'>,
): Promise<TableDigest> {
  const { rows } = await client.query<TableDigest>(digestOf(table))
  return rows[0] ?? { rows: 0, digest: '0' }
}

// The whole log and all chats, once each. A log begins behind its floor, has no hole, and ends at the chat's head.
const CENSUS = `
  SELECT count(*)::float8 AS chats, coalesce(sum(l.events), 0)::float8 AS events,
    (count(*) FILTER (WHERE l.events <> l.last_seq - l.first_seq + 1 OR l.first_seq <> coalesce(f.floor_seq, 0) + 1
      OR l.last_seq IS DISTINCT FROM c.head_seq))::float8 AS broken
  FROM (
    SELECT chat_id, count(*) AS events, min(seq) AS first_seq, max(seq) AS last_seq FROM chat_events GROUP BY chat_id
  ) l LEFT JOIN chats c ON c.id = l.chat_id LEFT JOIN log_floors f ON f.chat_id = l.chat_id`

/** Counts the logs of all chats, and looks whether each is without hole. */
export async function takeLogCensus({ client }: Session): Promise<LogCensus> {
  const { rows } = await client.query<LogCensus>(CENSUS)
  return rows[0] ?? { chats: 0, events: 0, broken: 0 }
}
