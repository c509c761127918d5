import { type MembershipPeriod, parsePeriods, periodsAfter } from '../events/membership-period.ts'
import type { ChatId, DeviceId, Seq, UserId } from '../ids.ts'
import type { Reader } from '../store/sql/reader.ts'
import { SHARED_BY_CONNECTING, shareStatement } from '../store/sql/shared-statement.ts'
import type { Writer } from '../store/sql/writer.ts'

/** The pending events of a chat for a user or one of their devices: those that the user sees after `ackedSeq`. */
export type Pending = Readonly<{
  chatId: ChatId
  ackedSeq: Seq
  /** The membership periods before the current or last one. */
  earlierPeriods: readonly MembershipPeriod[]
  /** The start of the current or last period. */
  joinedSeq: Seq
  /** The last event of the log that the user sees. */
  lastSeq: Seq
  /** Whether the user is a member now, so that events can follow. */
  isMember: boolean
  /** The last event that retention has removed from the log; 0 if none. */
  floorSeq: Seq
}>

/** The pending events as ranges of the log, in order. */
export function pendingPeriods({
  earlierPeriods,
  joinedSeq,
  lastSeq,
  ackedSeq,
}: Pending): MembershipPeriod[] {
  return periodsAfter([...earlierPeriods, { first: joinedSeq, last: lastSeq }], ackedSeq)
}

type PendingRow = Omit<Pending, 'earlierPeriods'> & Readonly<{ ordinal: number; earlierPeriods: string }>

export type DeviceStore = Readonly<{
  /**
   * Registers the device. What happens depends on what it was before:
   * - `new`: nothing is pending. Its position in every chat is the chat's head.
   * - `known`: its positions stay.
   * - `forgotten`: as new, but it needs an InboxReset. Beyond `MAX_DEVICES` the device that was not seen for the
   *   longest time is forgotten. It stays forgotten until it acknowledges something: only then is it sure to have the
   *   reset.
   *
   * After a restore all devices are forgotten. An unknown device counts as forgotten too: it may have registered in
   * the time that was lost.
   */
  register(userId: UserId, deviceId: DeviceId): Promise<Registration>
  /** Returns the pending events of each chat of the user that has events. Without a device none are pending. */
  pending(userId: UserId, deviceId: DeviceId | undefined): Promise<readonly Pending[]>
}>

/** The state of a device before it registered. */
export type Registration = Readonly<{
  type: 'new' | 'known' | 'forgotten'
  /** The device has all receipts from before this moment. */
  receiptsUntil: Date
}>

/** The most devices of one user whose positions are kept. */
export const MAX_DEVICES = 100

// Index: the primary key of devices. A new device also costs one row per chat of the user and one read of all the
// user's devices. `was` are the rows before this statement. If a device registers twice at the same time, it is new to
// both statements, which does no harm. Locks devices in order of user and device, so that two statements cannot
// deadlock over devices that both register.
const REGISTER = {
  name: 'device_register',
  text: `
    WITH started AS MATERIALIZED (
      SELECT * FROM unnest($1::int[], $2::text[], $3::text[]) AS s(ordinal, user_id, device_id)
    ), was AS MATERIALIZED (
      SELECT s.*, d.is_forgotten, d.receipts_until
      FROM started s LEFT JOIN LATERAL (
        SELECT o.is_forgotten, COALESCE(o.receipts_until, o.registered_at) AS receipts_until FROM devices o
        WHERE o.user_id = s.user_id AND o.device_id = s.device_id
      ) d ON true
    ), device AS (
      INSERT INTO devices (user_id, device_id, is_forgotten)
      SELECT s.user_id, s.device_id, EXISTS (SELECT FROM restorations) FROM started s ORDER BY s.user_id, s.device_id
      ON CONFLICT (user_id, device_id) DO UPDATE SET last_seen_at = now()
    ), fresh AS MATERIALIZED (
      SELECT w.user_id, w.device_id FROM was w WHERE COALESCE(w.is_forgotten, true)
    ), oldest AS MATERIALIZED (
      SELECT n.user_id, o.device_id FROM fresh n CROSS JOIN LATERAL (
        SELECT d.device_id FROM devices d
        WHERE d.user_id = n.user_id AND d.device_id <> n.device_id AND NOT d.is_forgotten
        ORDER BY d.last_seen_at DESC, d.device_id
        OFFSET GREATEST(0, $4 - (
          SELECT count(*) FROM fresh x WHERE x.user_id = n.user_id AND x.device_id <> n.device_id
        ))
      ) o
    ), forgotten AS (
      UPDATE devices d SET is_forgotten = true FROM oldest o
      WHERE d.user_id = o.user_id AND d.device_id = o.device_id
      RETURNING d.user_id, d.device_id
    ), positions_gone AS (
      DELETE FROM device_positions p USING forgotten f WHERE p.user_id = f.user_id AND p.device_id = f.device_id
    ), positions AS (
      INSERT INTO device_positions (chat_id, user_id, device_id, acked_seq)
      SELECT m.chat_id, n.user_id, n.device_id, COALESCE(m.left_seq, c.head_seq)
      FROM fresh n JOIN members m ON m.user_id = n.user_id JOIN chats c ON c.id = m.chat_id
      WHERE c.head_seq > 0
      ORDER BY m.chat_id, n.user_id, n.device_id
      ON CONFLICT DO NOTHING
    )
    SELECT CASE WHEN COALESCE(w.is_forgotten, EXISTS (SELECT FROM restorations)) THEN 'forgotten'
        WHEN w.is_forgotten IS NULL THEN 'new' ELSE 'known' END AS type,
      COALESCE(w.receipts_until, now()) AS "receiptsUntil"
    FROM was w ORDER BY w.ordinal`,
}

// Indexes: members by user; chats, log_floors and device_positions by primary key. The position is a scalar subquery on
// purpose: the planner joins positions by the chat alone, and reads those of all its members.
const PENDING = {
  name: 'device_pending',
  text: `
    SELECT s.ordinal, m.chat_id AS "chatId", m.left_seq IS NULL AS "isMember",
      COALESCE(m.left_seq, c.head_seq) AS "lastSeq",
      m.joined_seq AS "joinedSeq", m.earlier_stays::text AS "earlierPeriods",
      CASE WHEN s.device_id IS NULL THEN COALESCE(m.left_seq, c.head_seq)
        ELSE COALESCE((
          SELECT p.acked_seq FROM device_positions p
          WHERE p.chat_id = m.chat_id AND p.user_id = m.user_id AND p.device_id = s.device_id
        ), 0) END AS "ackedSeq",
      COALESCE(f.floor_seq, 0) AS "floorSeq"
    FROM unnest($1::int[], $2::text[], $3::text[]) AS s(ordinal, user_id, device_id)
      JOIN members m ON m.user_id = s.user_id
      JOIN chats c ON c.id = m.chat_id
      LEFT JOIN log_floors f ON f.chat_id = m.chat_id
    WHERE c.head_seq > 0
    ORDER BY c.last_activity_at`,
}

/** A user's device that starts an inbox; undefined for an inbox without a device. */
type Start = Readonly<{ userId: UserId; deviceId: DeviceId | undefined }>

/** Inboxes that start at the same time share statements and commits. A batch of users may have thousands of chats. */
const SHARED = { ...SHARED_BY_CONNECTING, maxBatch: 100 }

export function createDeviceStore({ writer, reader }: { writer: Writer; reader: Reader }): DeviceStore {
  const register = shareStatement<Start, Registration>({
    ...SHARED,
    async run(starts) {
      const distinct = new Map(starts.map((start) => [keyOf(start), start]))
      const keys = [...distinct.keys()]
      const rows = await writer.query<Registration>(REGISTER, [
        ...columnsOf([...distinct.values()]),
        MAX_DEVICES - 1,
      ])
      const registrations = new Map(rows.map((row, index) => [keys[index], row]))
      return starts.map((start) => registrations.get(keyOf(start)) ?? NEVER_REGISTERED)
    },
  })

  const pending = shareStatement<Start, readonly Pending[]>({
    ...SHARED,
    async run(starts) {
      const rows = await reader.query<PendingRow>(PENDING, columnsOf(starts))
      const perStart = Map.groupBy(rows, ({ ordinal }) => ordinal)
      return starts.map((_, index) => (perStart.get(index) ?? []).map(toPending))
    },
  })

  return {
    register: (userId, deviceId) => register({ userId, deviceId }),
    pending: (userId, deviceId) => pending({ userId, deviceId }),
  }
}

const NEVER_REGISTERED: Registration = { type: 'new', receiptsUntil: new Date(0) }

function columnsOf(starts: readonly Start[]): unknown[] {
  return [
    starts.map((_, index) => index),
    starts.map(({ userId }) => userId),
    starts.map(({ deviceId }) => deviceId ?? null),
  ]
}

function keyOf({ userId, deviceId }: Start): string {
  return JSON.stringify([userId, deviceId])
}

function toPending({ ordinal: _ordinal, ...row }: PendingRow): Pending {
  return { ...row, earlierPeriods: parsePeriods(row.earlierPeriods) }
}
