/** A position in the write-ahead log, in bytes from its beginning: PostgreSQL's LSN as a number. */
export type WalPosition = number

/** The state of a server, on which the choice of servers for writes and reads is based. */
export type ServerState = Readonly<{
  isInRecovery: boolean
  /** Incremented by each promotion. Of a standby: the newest timeline whose row it has replayed. */
  timeline: number
  /** Of a primary: all commits so far are before it. Of a standby: everything before it is readable. */
  position: WalPosition
  /** Distinguishes servers, and a server from itself before a restart. */
  startedAt: string
  replication: Replication
  clock: ClockSample
}>

/** The time of a server's clock, read between two moments of this gateway's monotonic clock. Milliseconds. */
export type ClockSample = Readonly<{ nowMs: number; askedAt: number; answeredAt: number }>

/** Whether a primary's commits survive its loss. */
export type Replication = Readonly<{
  /** Commits wait until a standby has them. */
  isSynchronous: boolean
  /** The number of connected standbys. */
  standbys: number
  /** The standbys that commits wait for. Null if the role may not see it (it lacks pg_monitor). */
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
  nowMs: number
}>

/*
 * The timeline of a primary is read from the segment that it writes, because pg_control_checkpoint() returns the old
 * one until the first checkpoint after a promotion. A standby does not show its timeline to ordinary roles. Its table
 * `timelines` does: a gateway writes a row on each new primary, and the standby replays it. An acknowledged commit is
 * flushed, unless synchronous_commit is off.
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
      extract(epoch FROM clock_timestamp())::float8 * 1000 AS "nowMs",
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

/** Converts the row that SERVER_STATE returned to a question between two moments of the monotonic clock. */
export function toServerState(row: Row, askedAt: number, answeredAt: number): ServerState {
  const { isInRecovery, startedAt, synchronousCommit, synchronousNames } = row
  const isSynchronous = waitsForStandby(synchronousNames, synchronousCommit)
  return {
    isInRecovery,
    timeline: row.timeline ?? 0,
    position: Number(row.position ?? 0),
    startedAt,
    replication: { isSynchronous, standbys: row.standbys, synchronousStandbys: row.synchronousStandbys },
    clock: { nowMs: row.nowMs, askedAt, answeredAt },
  }
}

/** Whether commits with these settings wait for a standby. */
export function waitsForStandby(synchronousNames: string, synchronousCommit: string): boolean {
  return synchronousNames !== '' && !['off', 'local'].includes(synchronousCommit)
}

export type { Row as ServerStateRow }
