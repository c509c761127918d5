import { type ChatId, type DeviceId, type Seq, SYSTEM_USER_ID, type UserId } from '../../ids.ts'
import type { Statement } from '../../store/sql/statement.ts'
import type { Writer } from '../../store/sql/writer.ts'
import type { PushState } from './next-step.ts'
import {
  type DeviceKey,
  type PushProviderName,
  type PushTarget,
  targetOf,
  type TargetRow,
} from './push-target.ts'
import { IS_REVOKED } from './target-store.ts'

/** A device with a target, and what was pushed to it about a chat. */
export type PushDevice = PushState &
  Readonly<{
    deviceId: DeviceId
    target: PushTarget
    /** How many other chats it shows notifications of. */
    otherChats: number
    /** Failed attempts in a row. */
    attempts: number
  }>

/** The newest message that a member has not read. */
export type UnreadMessage = Readonly<{
  seq: Seq
  senderId: UserId
  sentAt: Date
  expiresAt: Date | null
  /** At most 999. */
  unreadCount: number
  /** When the first message after the last push was sent. Null: there is none. */
  firstSentAt: Date | null
}>

/** Whether a device may show a notification, and about which message. */
export type Shown = Pick<PushState, 'attemptedSeq' | 'isShown'>

/** An event of a device in a chat. `shown`: as before the attempt. Undefined: the attempt may have arrived. */
export type PushRecord = Readonly<
  | { type: 'sent'; seq: Seq }
  | { type: 'withdrawn' }
  | { type: 'settled' }
  | { type: 'refused'; seq: Seq; reason: string; shown: Shown }
  | { type: 'failed'; reason: string; afterMs: number; shown: Shown | undefined }
>

/** All statements read and write the primary. */
export type PushStore = Readonly<{
  /** Marks members as due to the providers of their targets. */
  plan(chatId: ChatId, members: readonly Readonly<{ userId: UserId; dueAt: Date }>[]): Promise<void>
  /** Marks members whose devices may show a message. */
  planWithdrawal(chatId: ChatId, seq: Seq): Promise<void>
  /** Returns the devices of a member with a target of the provider. */
  devices(chatId: ChatId, userId: UserId, provider: PushProviderName): Promise<readonly PushDevice[]>
  /** Returns undefined if everything is read. */
  unread(chatId: ChatId, userId: UserId, afterSeq: Seq): Promise<UnreadMessage | undefined>
  /** Stores that a message is about to be sent. Returns false, and stores nothing, if the person has read it. */
  attempt(chatId: ChatId, device: DeviceKey, provider: PushProviderName, seq: Seq): Promise<boolean>
  record(chatId: ChatId, device: DeviceKey, provider: PushProviderName, what: PushRecord): Promise<void>
  /** Deletes up to `limit` rows that have not changed for the time of `keepS`. Returns how many. */
  sweep(keepS: number, limit: number): Promise<number>
}>

/** The follower that finds the members with a device that a new message is due to. */
export const PLANNER = 'push/plan'

/** The follower of a provider. The trigger on members builds the same name. */
export function followerOf(provider: PushProviderName): string {
  return `push/${provider.toLowerCase()}`
}

// For each user a range of the primary key of push_targets, and one row of chat_marks for each provider. Writes marks
// in order of user and provider, as the trigger on members does. An earlier mark stays as early as it is.
const PLAN: Statement = {
  name: 'push_plan',
  text: `
    INSERT INTO chat_marks AS m (chat_id, follower_id, user_id, first_seq, last_seq, changed_at, due_at)
    SELECT $1, f.id, u.user_id, 1, 1, clock_timestamp(), u.due_at
    FROM unnest($2::text[], $3::timestamptz[]) AS u(user_id, due_at)
      CROSS JOIN LATERAL (SELECT DISTINCT o.provider FROM push_targets o WHERE o.user_id = u.user_id) t
      JOIN followers f ON f.id = 'push/' || lower(t.provider::text)
    ORDER BY u.user_id, f.id
    ON CONFLICT (chat_id, follower_id, user_id)
      DO UPDATE SET last_seq = m.last_seq + 1, due_at = LEAST(m.due_at, EXCLUDED.due_at)`,
}

// The pushes of one chat, by their primary key. Otherwise as above.
const PLAN_WITHDRAWAL: Statement = {
  name: 'push_plan_withdrawal',
  text: `
    INSERT INTO chat_marks AS m (chat_id, follower_id, user_id, first_seq, last_seq, changed_at, due_at)
    SELECT DISTINCT p.chat_id, f.id, p.user_id, 1, 1, clock_timestamp(), clock_timestamp()
    FROM pushes p JOIN followers f ON f.id = 'push/' || lower(p.provider::text)
    WHERE p.chat_id = $1 AND p.is_shown AND GREATEST(p.sent_seq, p.attempted_seq) = $2
    ORDER BY 3, 2
    ON CONFLICT (chat_id, follower_id, user_id)
      DO UPDATE SET last_seq = m.last_seq + 1, due_at = LEAST(m.due_at, EXCLUDED.due_at)`,
}

// A range of the primary key of push_targets. For each device one row of members, pushes and device_positions by their
// primary keys, and a range of the index of pushes on (user_id, device_id). A revocation deletes targets itself. But a
// gateway that has not heard of it yet may set one meanwhile, so the tokens are compared with the revocations here.
const DEVICES: Statement = {
  name: 'push_devices',
  text: `
    SELECT t.device_id AS "deviceId", t.provider, t.address, t.p256dh, t.auth, t.is_sandbox AS "isSandbox", t.topic,
      m.read_seq AS "readSeq", COALESCE((
        SELECT a.acked_seq FROM device_positions a
        WHERE a.chat_id = $1 AND a.user_id = $2 AND a.device_id = t.device_id
      ), 0) AS "ackedSeq", (
        SELECT count(*)::int FROM pushes o
        WHERE o.user_id = $2 AND o.device_id = t.device_id AND o.is_shown AND o.chat_id <> $1
      ) AS "otherChats",
      COALESCE(p.sent_seq, 0) AS "sentSeq", COALESCE(GREATEST(p.sent_seq, p.attempted_seq), 0) AS "attemptedSeq",
      COALESCE(p.refused_seq, 0) AS "refusedSeq",
      COALESCE(p.is_shown, false) AS "isShown", COALESCE(p.attempts, 0) AS attempts, p.retry_at AS "retryAt"
    FROM push_targets t
      JOIN members m ON m.chat_id = $1 AND m.user_id = $2
      LEFT JOIN LATERAL (
        SELECT * FROM pushes o WHERE o.chat_id = $1 AND o.user_id = $2 AND o.device_id = t.device_id LIMIT 1
      ) p ON true
    WHERE t.user_id = $2 AND t.provider = $3::"PushProvider" AND NOT ${IS_REVOKED}
    ORDER BY t.device_id`,
}

/** The most messages that are examined. */
const MAX_EXAMINED = 1_000
const MAX_UNREAD = 999

// One row of members, then a range of the primary key of messages from its end, until the limit.
const UNREAD: Statement = {
  name: 'push_unread',
  text: `
    WITH newest AS MATERIALIZED (
      SELECT n.* FROM members m CROSS JOIN LATERAL (
        SELECT o.seq, o.sender_id, o.sent_at, o.deleted_at, o.expires_at FROM messages o
        WHERE o.chat_id = $1 AND o.seq > GREATEST(m.read_seq, m.joined_seq - 1)
        ORDER BY o.seq DESC LIMIT $4
      ) n WHERE m.chat_id = $1 AND m.user_id = $2
    )
    SELECT n.seq, n.sender_id AS "senderId", n.sent_at AS "sentAt", n.expires_at AS "expiresAt",
      LEAST(count(*) OVER (), ${MAX_UNREAD})::int AS "unreadCount",
      min(n.sent_at) FILTER (WHERE n.seq > $3) OVER () AS "firstSentAt"
    FROM newest n
    WHERE n.sender_id <> $2 AND n.sender_id <> $5 AND n.deleted_at IS NULL
      AND (n.expires_at IS NULL OR n.expires_at > clock_timestamp())
    ORDER BY n.seq DESC LIMIT 1`,
}

// One row each of members and pushes by their primary keys. Locks the member, so that no reading goes unnoticed: either
// it is over, and nothing is stored, or its trigger sees the row.
const ATTEMPT: Statement = {
  name: 'push_attempt',
  text: `
    WITH member AS MATERIALIZED (
      SELECT read_seq FROM members WHERE chat_id = $1 AND user_id = $2 FOR SHARE
    )
    INSERT INTO pushes AS p (chat_id, user_id, device_id, provider, attempted_seq, is_shown, changed_at)
    SELECT $1, $2, $3, $4::"PushProvider", $5, true, clock_timestamp() FROM member WHERE read_seq < $5
    ON CONFLICT (chat_id, user_id, device_id) DO UPDATE
      SET provider = EXCLUDED.provider, attempted_seq = EXCLUDED.attempted_seq, is_shown = true,
        changed_at = EXCLUDED.changed_at
    RETURNING device_id`,
}

// One row of pushes by its primary key. Null keeps a value, but for attempts, retry_at and last_error.
const RECORD: Statement = {
  name: 'push_record',
  text: `
    INSERT INTO pushes AS p (chat_id, user_id, device_id, provider, sent_seq, sent_at, is_shown, withdrawn_at,
      refused_seq, attempts, retry_at, last_error, attempted_seq, changed_at)
    VALUES ($1, $2, $3, $4::"PushProvider", COALESCE($5::int, 0), CASE WHEN $5 IS NOT NULL THEN clock_timestamp() END,
      COALESCE($6::boolean, false), CASE WHEN $7::boolean THEN clock_timestamp() END, COALESCE($8::int, 0),
      $9::int, clock_timestamp() + make_interval(secs => $10::float8), $11, COALESCE($12::int, 0),
      clock_timestamp())
    ON CONFLICT (chat_id, user_id, device_id) DO UPDATE
      SET provider = EXCLUDED.provider, sent_seq = COALESCE($5::int, p.sent_seq),
        sent_at = COALESCE(EXCLUDED.sent_at, p.sent_at), is_shown = COALESCE($6::boolean, p.is_shown),
        withdrawn_at = CASE WHEN $5 IS NULL THEN COALESCE(EXCLUDED.withdrawn_at, p.withdrawn_at) END,
        refused_seq = COALESCE($8::int, p.refused_seq), attempted_seq = COALESCE($12::int, p.attempted_seq),
        changed_at = EXCLUDED.changed_at,
        attempts = CASE WHEN $9::int = 0 THEN 0 ELSE p.attempts + $9::int END,
        retry_at = EXCLUDED.retry_at, last_error = EXCLUDED.last_error`,
}

// The index of pushes on changed_at.
const SWEEP: Statement = {
  name: 'push_delete_old',
  text: `
    WITH old AS (
      SELECT chat_id, user_id, device_id FROM pushes
      WHERE changed_at < now() - make_interval(secs => $1::float8)
      ORDER BY changed_at LIMIT $2 FOR UPDATE SKIP LOCKED
    ), gone AS (
      DELETE FROM pushes p USING old o
      WHERE p.chat_id = o.chat_id AND p.user_id = o.user_id AND p.device_id = o.device_id RETURNING 1
    )
    SELECT count(*)::int AS count FROM gone`,
}

type DeviceRow = TargetRow & Omit<PushDevice, 'target'>

export function createPushStore({ writer }: { writer: Pick<Writer, 'query'> }): PushStore {
  return {
    async plan(chatId, members) {
      if (members.length === 0) return
      const columns = [members.map(({ userId }) => userId), members.map(({ dueAt }) => dueAt)]
      await writer.query(PLAN, [chatId, ...columns])
    },
    async planWithdrawal(chatId, seq) {
      await writer.query(PLAN_WITHDRAWAL, [chatId, seq])
    },
    async devices(chatId, userId, provider) {
      const rows = await writer.query<DeviceRow>(DEVICES, [chatId, userId, provider])
      return rows.map((row) => ({ ...row, target: targetOf(row) }))
    },
    async unread(chatId, userId, afterSeq) {
      const values = [chatId, userId, afterSeq, MAX_EXAMINED, SYSTEM_USER_ID]
      return (await writer.query<UnreadMessage>(UNREAD, values))[0]
    },
    async attempt(chatId, { userId, deviceId }, provider, seq) {
      return (await writer.query(ATTEMPT, [chatId, userId, deviceId, provider, seq])).length > 0
    },
    async record(chatId, { userId, deviceId }, provider, what) {
      await writer.query(RECORD, [chatId, userId, deviceId, provider, ...columnsOf(what)])
    },
    async sweep(keepS, limit) {
      const [row] = await writer.query<{ count: number }>(SWEEP, [keepS, limit])
      return row?.count ?? 0
    },
  }
}

/** sent_seq, is_shown, whether withdrawn, refused_seq, attempts, seconds until the retry, the error, attempted_seq. */
function columnsOf(what: PushRecord): readonly unknown[] {
  switch (what.type) {
    case 'sent':
      return [what.seq, true, false, null, 0, null, null, what.seq]
    case 'withdrawn':
      return [null, false, true, null, 0, null, null, null]
    case 'settled':
      return [null, false, false, null, 0, null, null, null]
    case 'refused': {
      const { isShown, attemptedSeq } = what.shown
      return [null, isShown, false, what.seq, 0, null, textOf(what.reason), attemptedSeq]
    }
    case 'failed': {
      const { isShown = null, attemptedSeq = null } = what.shown ?? {}
      return [null, isShown, false, null, 1, what.afterMs / 1000, textOf(what.reason), attemptedSeq]
    }
    default:
      return what satisfies never
  }
}

const MAX_REASON = 500

function textOf(reason: string): string {
  return reason.replaceAll('\0', '').slice(0, MAX_REASON).toWellFormed()
}
