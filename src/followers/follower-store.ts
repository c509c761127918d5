import type { ChatId, Seq, UserId } from '../ids.ts'
import type { Statement } from '../store/sql/statement.ts'
import type { Writer } from '../store/sql/writer.ts'

/** The id of what follows changes, such as a webhook. */
export type FollowerId = string

/** A chat with events for one follower; or a member or user who has changed, who is named by `userId`. */
export type Followed = Readonly<{ chatId: ChatId; followerId: FollowerId; userId?: UserId }>

/** A chat, member or user that this worker processes until it gives the lease back, or the lease ends. */
export type Claim = Followed &
  Readonly<{
    /** Everything up to here is processed. */
    position: Seq
    /** The last event, or number of changes, when it was claimed. */
    lastSeq: Seq
    /** When the member or user last changed. */
    changedAt: Date
    /** Failed attempts in a row, at the event after `position`. */
    attempts: number
  }>

/** All statements read and write the primary. `lease` identifies a claim. */
export type FollowerStore = Readonly<{
  /** Leases chats that are due to a follower to the worker: at most `limit`, those that have waited longest. */
  claim(
    followerId: FollowerId,
    lease: Readonly<{ id: string; forS: number; limit: number }>,
  ): Promise<readonly Claim[]>
  /** Stores a position and prolongs the lease. Returns false if the worker no longer has it. */
  advance(chat: Followed, seq: Seq, lease: Readonly<{ id: string; forS: number }>): Promise<boolean>
  /** Deletes the mark if there is nothing after `seq`, and otherwise gives the chat back. */
  finish(chat: Followed, seq: Seq, leaseId: string): Promise<void>
  /** Gives the chat back, to be claimed again after a while. Nothing has failed. */
  release(
    chat: Followed,
    next: Readonly<{ afterMs: number; attempts: number }>,
    leaseId: string,
  ): Promise<void>
  /** Gives the chat back, to be tried again after a while. */
  postpone(
    chat: Followed,
    failure: Readonly<{ afterMs: number; error: string }>,
    leaseId: string,
  ): Promise<void>
  /**
   * Sets a follower back in a chat, to `seq`. A follower that is not that far keeps its position: no event is skipped.
   * Returns false if there is no such chat.
   */
  setBack(chat: Followed, seq: Seq): Promise<boolean>
}>

const HAS_LEASE = 'chat_id = $1 AND follower_id = $2 AND user_id = $3 AND lease = $4::uuid'
const UNTIL = (seconds: string): string => `clock_timestamp() + make_interval(secs => ${seconds})`

// The index of chat_marks on (follower_id, due_at). Skips marks that are locked: by another worker, or by an append
// that has not committed. Locks the marks that it returns until the end of the statement.
const CLAIM: Statement = {
  name: 'follower_claim',
  text: `
    WITH due AS (
      SELECT chat_id, follower_id, user_id FROM chat_marks
      WHERE follower_id = $1 AND due_at <= clock_timestamp()
        AND (leased_until IS NULL OR leased_until < clock_timestamp())
      ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED
    )
    UPDATE chat_marks m SET lease = $3::uuid, leased_until = ${UNTIL('$4::float8')}
    FROM due WHERE m.chat_id = due.chat_id AND m.follower_id = due.follower_id AND m.user_id = due.user_id
    RETURNING m.chat_id AS "chatId", m.follower_id AS "followerId", NULLIF(m.user_id, '') AS "userId", m.attempts,
      m.last_seq AS "lastSeq", m.changed_at AS "changedAt", COALESCE((
      SELECT p.seq FROM follower_positions p WHERE p.chat_id = m.chat_id AND p.follower_id = m.follower_id
    ), m.first_seq - 1) AS position`,
}

// One row each of chat_marks and follower_positions, by their primary keys.
const ADVANCE: Statement = {
  name: 'follower_advance',
  text: `
    WITH held AS (
      UPDATE chat_marks
      SET leased_until = ${UNTIL('$6::float8')}, attempts = 0, failing_since = NULL, last_error = NULL
      WHERE ${HAS_LEASE} RETURNING chat_id, follower_id
    )
    INSERT INTO follower_positions AS p (chat_id, follower_id, seq)
    SELECT chat_id, follower_id, $5 FROM held
    ON CONFLICT (chat_id, follower_id) DO UPDATE SET seq = EXCLUDED.seq
    RETURNING seq`,
}

// One row of chat_marks, by its primary key. Waits for an append in progress, and then sees its events in last_seq.
const FINISH: Statement = {
  name: 'follower_finish',
  text: `DELETE FROM chat_marks WHERE ${HAS_LEASE} AND last_seq <= $5 RETURNING chat_id`,
}

// One row of chat_marks, by its primary key.
const RELEASE: Statement = {
  name: 'follower_release',
  text: `
    UPDATE chat_marks SET lease = NULL, leased_until = NULL, due_at = ${UNTIL('$5::float8')}, attempts = $6
    WHERE ${HAS_LEASE}`,
}

// One row of chat_marks, by its primary key.
const POSTPONE: Statement = {
  name: 'follower_postpone',
  text: `
    UPDATE chat_marks
    SET lease = NULL, leased_until = NULL, due_at = ${UNTIL('$5::float8')}, attempts = attempts + 1,
      failing_since = COALESCE(failing_since, clock_timestamp()), last_error = $6
    WHERE ${HAS_LEASE}`,
}

// One row each of chats, follower_positions and chat_marks, by their primary keys. A follower without a position is
// before its mark, or at the head if it has no mark. A worker that has the lease loses it, so that it cannot overwrite
// the position.
const SET_BACK: Statement = {
  name: 'follower_set_back',
  text: `
    WITH chat AS (SELECT id, head_seq FROM chats WHERE id = $1),
    position AS (
      INSERT INTO follower_positions AS p (chat_id, follower_id, seq)
      SELECT id, $2::text, LEAST($3::int, COALESCE((
        SELECT first_seq - 1 FROM chat_marks WHERE chat_id = $1 AND follower_id = $2::text AND user_id = ''
      ), head_seq)) FROM chat
      ON CONFLICT (chat_id, follower_id) DO UPDATE SET seq = LEAST(p.seq, $3::int)
    ), mark AS (
      INSERT INTO chat_marks AS m (chat_id, follower_id, first_seq, last_seq)
      SELECT id, $2::text, $3::int + 1, head_seq FROM chat WHERE head_seq > $3::int
      ON CONFLICT (chat_id, follower_id, user_id) DO UPDATE
        SET lease = NULL, leased_until = NULL, due_at = clock_timestamp(), attempts = 0
    )
    SELECT id FROM chat`,
}

export function createFollowerStore({ writer }: { writer: Pick<Writer, 'query'> }): FollowerStore {
  return {
    async claim(followerId, { id, forS, limit }) {
      const rows = await writer.query<ClaimRow>(CLAIM, [followerId, limit, id, forS])
      return rows.map(({ userId, ...claim }) => (userId === null ? claim : { ...claim, userId }))
    },

    async advance(chat, seq, { id, forS }) {
      return (await writer.query(ADVANCE, [...keyOf(chat), id, seq, forS])).length > 0
    },

    async finish(chat, seq, leaseId) {
      const deleted = await writer.query(FINISH, [...keyOf(chat), leaseId, seq])
      if (deleted.length === 0) await writer.query(RELEASE, [...keyOf(chat), leaseId, 0, 0])
    },

    async release(chat, { afterMs, attempts }, leaseId) {
      await writer.query(RELEASE, [...keyOf(chat), leaseId, afterMs / 1000, attempts])
    },

    async postpone(chat, { afterMs, error }, leaseId) {
      const text = error.slice(0, 500).toWellFormed()
      await writer.query(POSTPONE, [...keyOf(chat), leaseId, afterMs / 1000, text])
    },

    setBack: async ({ chatId, followerId }, seq) =>
      (await writer.query(SET_BACK, [chatId, followerId, seq])).length > 0,
  }
}

type ClaimRow = Omit<Claim, 'userId'> & Readonly<{ userId: UserId | null }>

function keyOf({
  chatId,
  followerId,
  userId = '' as UserId,
}: Followed): readonly [ChatId, FollowerId, UserId] {
  return [chatId, followerId, userId]
}
