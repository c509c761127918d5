import type { ChatId, Seq } from '../ids.ts'
import type { Statement } from '../store/sql/statement.ts'
import type { Transaction } from '../store/sql/transaction.ts'
import type { Writer } from '../store/sql/writer.ts'

/** The id of what follows the chat logs, such as a webhook. */
export type FollowerId = string

/** A chat with events for one follower. */
export type FollowedChat = Readonly<{ chatId: ChatId; followerId: FollowerId }>

/** A chat that this worker processes until it gives the lease back, or the lease ends. */
export type Claim = FollowedChat &
  Readonly<{
    /** Everything up to here is processed. */
    position: Seq
    /** Failed attempts in a row, at the event after `position`. */
    attempts: number
  }>

/** All statements read and write the primary. `lease` identifies a worker. */
export type FollowerStore = Readonly<{
  /** Leases chats that are due to a follower to the worker: at most `limit`, those that have waited longest. */
  claim(
    followerId: FollowerId,
    lease: Readonly<{ id: string; forS: number; limit: number }>,
  ): Promise<readonly Claim[]>
  /** Stores a position and prolongs the lease. Returns false if the worker no longer has it. */
  advance(chat: FollowedChat, seq: Seq, lease: Readonly<{ id: string; forS: number }>): Promise<boolean>
  /** Gives the chat back. Deletes the mark if there is nothing after `seq`. */
  finish(chat: FollowedChat, seq: Seq, leaseId: string): Promise<void>
  /** Gives the chat back, to be tried again after a while. */
  postpone(
    chat: FollowedChat,
    failure: Readonly<{ afterMs: number; error: string }>,
    leaseId: string,
  ): Promise<void>
  /** Sets a follower back, or forth, in a chat. */
  setPosition(chat: FollowedChat, seq: Seq): Promise<void>
}>

const HAS_LEASE = 'chat_id = $1 AND follower_id = $2 AND lease = $3::uuid'
const UNTIL = (seconds: string): string => `clock_timestamp() + make_interval(secs => ${seconds})`

// The index of chat_marks on (follower_id, due_at). Skips marks that are locked: by another worker, or by an append
// that has not committed. Locks the marks that it returns until the end of the statement.
const CLAIM: Statement = {
  name: 'follower_claim',
  text: `
    WITH due AS (
      SELECT chat_id, follower_id FROM chat_marks
      WHERE follower_id = $1 AND due_at <= clock_timestamp()
        AND (leased_until IS NULL OR leased_until < clock_timestamp())
      ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED
    )
    UPDATE chat_marks m SET lease = $3::uuid, leased_until = ${UNTIL('$4::float8')}
    FROM due WHERE m.chat_id = due.chat_id AND m.follower_id = due.follower_id
    RETURNING m.chat_id AS "chatId", m.follower_id AS "followerId", m.attempts, COALESCE((
      SELECT p.seq FROM follower_positions p WHERE p.chat_id = m.chat_id AND p.follower_id = m.follower_id
    ), m.first_seq - 1) AS position`,
}

// One row each of chat_marks and follower_positions, by their primary keys.
const ADVANCE: Statement = {
  name: 'follower_advance',
  text: `
    WITH held AS (
      UPDATE chat_marks
      SET leased_until = ${UNTIL('$5::float8')}, attempts = 0, failing_since = NULL, last_error = NULL
      WHERE ${HAS_LEASE} RETURNING chat_id, follower_id
    )
    INSERT INTO follower_positions AS p (chat_id, follower_id, seq)
    SELECT chat_id, follower_id, $4 FROM held
    ON CONFLICT (chat_id, follower_id) DO UPDATE SET seq = EXCLUDED.seq
    RETURNING seq`,
}

// One row of chat_marks, by its primary key. Waits for an append in progress, and then sees its events in last_seq.
const FINISH: Statement = {
  name: 'follower_finish',
  text: `DELETE FROM chat_marks WHERE ${HAS_LEASE} AND last_seq <= $4 RETURNING chat_id`,
}

// One row of chat_marks, by its primary key.
const RELEASE: Statement = {
  name: 'follower_release',
  text: `UPDATE chat_marks SET lease = NULL, leased_until = NULL, due_at = clock_timestamp() WHERE ${HAS_LEASE}`,
}

// One row of chat_marks, by its primary key.
const POSTPONE: Statement = {
  name: 'follower_postpone',
  text: `
    UPDATE chat_marks
    SET lease = NULL, leased_until = NULL, due_at = ${UNTIL('$4::float8')}, attempts = attempts + 1,
      failing_since = COALESCE(failing_since, clock_timestamp()), last_error = $5
    WHERE ${HAS_LEASE}`,
}

// One row each of chats, follower_positions and chat_marks, by their primary keys. A worker that has the lease loses
// it, so that it cannot overwrite the position.
const SET_POSITION: Statement = {
  name: 'follower_set_position',
  text: `
    WITH position AS (
      INSERT INTO follower_positions AS p (chat_id, follower_id, seq) VALUES ($1, $2, $3)
      ON CONFLICT (chat_id, follower_id) DO UPDATE SET seq = EXCLUDED.seq
    )
    INSERT INTO chat_marks AS m (chat_id, follower_id, first_seq, last_seq)
    SELECT id, $2, $3 + 1, head_seq FROM chats WHERE id = $1 AND head_seq > $3
    ON CONFLICT (chat_id, follower_id) DO UPDATE
      SET lease = NULL, leased_until = NULL, due_at = clock_timestamp(), attempts = 0`,
}

export function createFollowerStore({ writer }: { writer: Pick<Writer, 'query'> }): FollowerStore {
  return {
    claim: (followerId, { id, forS, limit }) => writer.query<Claim>(CLAIM, [followerId, limit, id, forS]),

    async advance({ chatId, followerId }, seq, { id, forS }) {
      return (await writer.query(ADVANCE, [chatId, followerId, id, seq, forS])).length > 0
    },

    async finish({ chatId, followerId }, seq, leaseId) {
      const deleted = await writer.query(FINISH, [chatId, followerId, leaseId, seq])
      if (deleted.length === 0) await writer.query(RELEASE, [chatId, followerId, leaseId])
    },

    async postpone({ chatId, followerId }, { afterMs, error }, leaseId) {
      const text = error.slice(0, 500).toWellFormed()
      await writer.query(POSTPONE, [chatId, followerId, leaseId, afterMs / 1000, text])
    },

    async setPosition({ chatId, followerId }, seq) {
      await writer.query(SET_POSITION, [chatId, followerId, seq])
    },
  }
}

/*
 * The trigger that leaves marks costs each append a little, so it is enabled only while there is a follower. ALTER
 * TABLE waits for the appends in progress. So each event is either before the first follower, or it has a mark.
 */
const IS_ENABLED: Statement = {
  name: 'follower_trigger_state',
  text: `SELECT tgenabled <> 'D' AS "isEnabled" FROM pg_trigger WHERE tgname = 'chat_events_mark'
    AND tgrelid = 'chat_events'::regclass`,
}
const ENABLE: Statement = {
  name: 'follower_trigger_enable',
  text: 'ALTER TABLE chat_events ENABLE TRIGGER chat_events_mark',
}
const DISABLE: Statement = {
  name: 'follower_trigger_disable',
  text: 'ALTER TABLE chat_events DISABLE TRIGGER chat_events_mark',
}

/** Adds a follower: from the commit on, each append leaves it a mark. */
export async function addFollower(tx: Transaction, id: FollowerId): Promise<void> {
  await tx.prisma.follower.create({ data: { id } })
  await enableMarks(tx)
}

/** Makes appends leave marks, if they do not yet. A restored database has followers, but the trigger is off. */
export async function enableMarks(tx: Transaction): Promise<void> {
  const [state] = await tx.query<{ isEnabled: boolean }>(IS_ENABLED)
  if (state?.isEnabled === false) await tx.query(ENABLE)
}

/** Removes a follower with its marks and positions. */
export async function removeFollower(tx: Transaction, id: FollowerId): Promise<void> {
  await tx.prisma.follower.deleteMany({ where: { id } })
  await tx.prisma.chatMark.deleteMany({ where: { followerId: id } })
  await tx.prisma.followerPosition.deleteMany({ where: { followerId: id } })
  if ((await tx.prisma.follower.count()) === 0) await tx.query(DISABLE)
}
