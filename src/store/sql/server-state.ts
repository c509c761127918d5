/** A place in the write-ahead log, in bytes from its beginning: PostgreSQL's LSN as a number. */
export type WalPosition = number

/** What a server says of itself to those who choose where to write and where to read. */
export type ServerState = Readonly<{
  isInRecovery: boolean
  /** Grows by one with each promotion. Of a standby: the newest that it has replayed the record of. */
  timeline: number
  /** Of a primary: everything committed so far is before it. Of a standby: everything before it can be read. */
  position: WalPosition
  /** Tells two servers apart that are not the same, and a server from what it was before a restart. */
  startedAt: string
  replication: Replication
}>

/** How far a primary's commits are safe from its own death. */
export type Replication = Readonly<{
  /** Commits wait until a standby has them. */
  isSynchronous: boolean
  /** Standbys that are connected now. */
  standbys: number
  /** Those among them that commits wait for; null: the role may not see that (it lacks pg_monitor). */
  synchronousStandbys: number | null
}>

type Row = Readonly<{
  isInRecovery: boolean
  timeline: number | null
  position: string | null
  startedAt: string
  synchronousCommit: string
  synchronousNames: string
  standbys: number
  synchronousStandbys: number | null
}>

/*
 * The timeline of a primary is that of the segment it writes: pg_control_checkpoint() goes on saying the old one until
 * the first checkpoint after a promotion. A standby does not say which timeline it follows to roles without special
 * rights; but a row that each new primary's first gateway writes says it, once that was replayed.
 * A commit that was answered is flushed, unless synchronous_commit is off.
 */
export const SERVER_STATE = {
  name: 'server_state',
  text: `
    SELECT r.is_in_recovery AS "isInRecovery",
      CASE WHEN r.is_in_recovery THEN (SELECT max(id) FROM timelines)
        ELSE ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int END AS timeline,
      (CASE WHEN r.is_in_recovery THEN pg_last_wal_replay_lsn()
        WHEN current_setting('synchronous_commit') = 'off' THEN pg_current_wal_insert_lsn()
        ELSE pg_current_wal_flush_lsn() END - '0/0'::pg_lsn)::text AS position,
      pg_postmaster_start_time()::text AS "startedAt",
      current_setting('synchronous_commit') AS "synchronousCommit",
      current_setting('synchronous_standby_names') AS "synchronousNames",
      s.standbys, s."synchronousStandbys"
    FROM (SELECT pg_is_in_recovery() AS is_in_recovery) r CROSS JOIN (
      SELECT count(*)::int AS standbys,
        CASE WHEN bool_or(sync_state IS NULL) THEN NULL
          ELSE (count(*) FILTER (WHERE sync_state IN ('sync', 'quorum')))::int END AS "synchronousStandbys"
      FROM pg_stat_replication
    ) s`,
}

/** Makes sense of the row that SERVER_STATE answers with. */
export function toServerState(row: Row): ServerState {
  const { isInRecovery, startedAt, synchronousCommit, synchronousNames } = row
  const isSynchronous = waitsForStandby(synchronousNames, synchronousCommit)
  return {
    isInRecovery,
    timeline: row.timeline ?? 0,
    position: Number(row.position ?? 0),
    startedAt,
    replication: { isSynchronous, standbys: row.standbys, synchronousStandbys: row.synchronousStandbys },
  }
}

/** Whether a commit with these settings is answered only when a standby has it. */
export function waitsForStandby(synchronousNames: string, synchronousCommit: string): boolean {
  return synchronousNames !== '' && !['off', 'local'].includes(synchronousCommit)
}

export type { Row as ServerStateRow }
