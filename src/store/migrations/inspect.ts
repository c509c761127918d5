import pg from 'pg'
import { connectionConfig } from '../sql/connection-config.ts'
import { type Replication, waitsForStandby } from '../sql/server-state.ts'

/** The properties of a server that Parley depends on. */
export type DatabaseFacts = Readonly<{
  version: string
  /** 150004 for 15.4. */
  versionNumber: number
  timeZone: string
  /** How far its clock is ahead of this machine's. Negative: behind. The error is at most half of `roundTripMs`. */
  clockAheadMs: number
  roundTripMs: number
  isInRecovery: boolean
  fsync: string
  synchronousCommit: string
  replication: Replication
  /** The connections available to ordinary roles, for all programs together. */
  connections: number
}>

type Row = Omit<DatabaseFacts, 'clockAheadMs' | 'roundTripMs' | 'replication'> &
  Readonly<{ nowMs: number; synchronousNames: string; standbys: number; synchronousStandbys: number | null }>

const FACTS = `
  SELECT current_setting('server_version') AS "version",
    current_setting('server_version_num')::int AS "versionNumber",
    current_setting('TimeZone') AS "timeZone",
    (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS "nowMs",
    pg_is_in_recovery() AS "isInRecovery",
    current_setting('fsync') AS "fsync",
    current_setting('synchronous_commit') AS "synchronousCommit",
    current_setting('synchronous_standby_names') AS "synchronousNames",
    (SELECT count(*)::int FROM pg_stat_replication) AS standbys,
    (SELECT CASE WHEN bool_or(sync_state IS NULL) THEN NULL
      ELSE (count(*) FILTER (WHERE sync_state IN ('sync', 'quorum')))::int END
      FROM pg_stat_replication) AS "synchronousStandbys",
    current_setting('max_connections')::int
      - current_setting('superuser_reserved_connections')::int
      - coalesce(current_setting('reserved_connections', true), '0')::int AS "connections"`

/** Connects as a gateway does and reads the properties. Rejects with the error of node-postgres. */
export async function inspectDatabase(url: string): Promise<DatabaseFacts> {
  const client = new pg.Client(connectionConfig(url, 'parley-doctor', { statement_timeout: '5000' }))
  // A lost connection also fails the statement in progress. Without a listener the event would end the process.
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await ask(client)
  } finally {
    await client.end()
  }
}

async function ask(client: pg.Client): Promise<DatabaseFacts> {
  const askedAt = Date.now()
  const { rows } = await client.query<Row>(FACTS)
  const roundTripMs = Date.now() - askedAt
  const [row] = rows
  if (row === undefined) throw new Error('The database returned no row')
  const { nowMs, synchronousNames, standbys, synchronousStandbys, ...facts } = row
  const isSynchronous = waitsForStandby(synchronousNames, facts.synchronousCommit)
  const replication = { isSynchronous, standbys, synchronousStandbys }
  return { ...facts, replication, roundTripMs, clockAheadMs: Math.round(nowMs - askedAt - roundTripMs / 2) }
}
