import { type MembershipPeriod, parsePeriods, periodsAfter } from '../events/membership-period.ts'
import type { ChatId, DeviceId, Seq, UserId } from '../ids.ts'
import type { Reader } from '../store/sql/reader.ts'
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

type PendingRow = Omit<Pending, 'earlierPeriods'> & Readonly<{ earlierPeriods: string }>

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
// user's devices. `was` is the row before this statement. If a device registers twice at the same time, it is new to
// both statements, which does no harm.
const REGISTER = {
  name: 'device_register',
  text: `
    WITH was AS (
      SELECT is_forgotten, COALESCE(receipts_until, registered_at) AS receipts_until FROM devices
      WHERE user_id = $1 AND device_id = $2
    ), device AS (
      INSERT INTO devices (user_id, device_id, is_forgotten) VALUES ($1, $2, EXISTS (SELECT FROM restorations))
      ON CONFLICT (user_id, device_id) DO UPDATE SET last_seen_at = now()
    ), forgotten AS (
      UPDATE devices SET is_forgotten = true
      WHERE NOT EXISTS (SELECT FROM was WHERE NOT is_forgotten) AND user_id = $1 AND device_id IN (
        SELECT device_id FROM devices WHERE user_id = $1 AND device_id <> $2 AND NOT is_forgotten
        ORDER BY last_seen_at DESC, device_id OFFSET $3
      )
      RETURNING device_id
    ), positions_gone AS (
      DELETE FROM device_positions p USING forgotten f WHERE p.user_id = $1 AND p.device_id = f.device_id
    ), positions AS (
      INSERT INTO device_positions (chat_id, user_id, device_id, acked_seq)
      SELECT m.chat_id, $1, $2, COALESCE(m.left_seq, c.head_seq)
      FROM members m JOIN chats c ON c.id = m.chat_id
      WHERE m.user_id = $1 AND c.head_seq > 0 AND NOT EXISTS (SELECT FROM was WHERE NOT is_forgotten)
      ON CONFLICT DO NOTHING
    )
    SELECT CASE WHEN COALESCE(was.is_forgotten, EXISTS (SELECT FROM restorations)) THEN 'forgotten'
        WHEN was.is_forgotten IS NULL THEN 'new' ELSE 'known' END AS type,
      COALESCE(was.receipts_until, now()) AS "receiptsUntil"
    FROM (SELECT) AS one LEFT JOIN was ON true`,
}

// Indexes: members by user; chats, log_floors and device_positions by primary key.
const PENDING = {
  name: 'device_pending',
  text: `
    SELECT m.chat_id AS "chatId", m.left_seq IS NULL AS "isMember",
      COALESCE(m.left_seq, c.head_seq) AS "lastSeq",
      m.joined_seq AS "joinedSeq", m.earlier_stays::text AS "earlierPeriods",
      CASE WHEN $2::text IS NULL THEN COALESCE(m.left_seq, c.head_seq)
        ELSE COALESCE(p.acked_seq, 0) END AS "ackedSeq",
      COALESCE(f.floor_seq, 0) AS "floorSeq"
    FROM members m
      JOIN chats c ON c.id = m.chat_id
      LEFT JOIN log_floors f ON f.chat_id = m.chat_id
      LEFT JOIN device_positions p ON p.chat_id = m.chat_id AND p.user_id = m.user_id AND p.device_id = $2
    WHERE m.user_id = $1 AND c.head_seq > 0
    ORDER BY c.last_activity_at`,
}

export function createDeviceStore({ writer, reader }: { writer: Writer; reader: Reader }): DeviceStore {
  return {
    async register(userId, deviceId) {
      const rows = await writer.query<Registration>(REGISTER, [userId, deviceId, MAX_DEVICES - 1])
      return rows[0] ?? { type: 'new', receiptsUntil: new Date(0) }
    },
    async pending(userId, deviceId) {
      const rows = await reader.query<PendingRow>(PENDING, [userId, deviceId])
      return rows.map((row) => ({ ...row, earlierPeriods: parsePeriods(row.earlierPeriods) }))
    },
  }
}
