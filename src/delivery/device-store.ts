import { parsePeriods, type MembershipPeriod } from '../events/membership-period.ts'
import type { ChatId, DeviceId, Seq, UserId } from '../ids.ts'
import type { Reader } from '../store/sql/reader.ts'
import type { Writer } from '../store/sql/writer.ts'

/** What a person, or one of their devices, is owed of a chat: what they see of it after `ackedSeq`. */
export type Pending = Readonly<{
  chatId: ChatId
  ackedSeq: Seq
  /** What they were there for before their present or last stay. */
  earlierStays: readonly MembershipPeriod[]
  /** The start of that stay. */
  joinedSeq: Seq
  /** The end of what the person sees of the log. */
  lastSeq: Seq
  /** Whether more may come. */
  isMember: boolean
  /** The last entry that has left the log, because it was too old; 0 where none has. */
  floorSeq: Seq
}>

type OwedRow = Omit<Pending, 'earlierStays'> & Readonly<{ earlierStays: string }>

export type DeviceStore = Readonly<{
  /**
   * Makes the device known. One never seen before starts with nothing owed: its position in every chat is the
   * chat's head. So does one that was forgotten, which happens to the one longest unseen beyond `MAX_DEVICES`; it stays
   * forgotten until it has acknowledged something since it registered anew, since only then it is sure to know. After a
   * restore all are forgotten, and those never seen before as well: they may have been, in the time that was lost.
   */
  register(userId: UserId, deviceId: DeviceId): Promise<Registration>
  /** For every chat of the user in which something was ever said. Without a device nothing is owed. */
  owed(userId: UserId, deviceId: DeviceId | undefined): Promise<readonly Pending[]>
}>

/** What a device was before it registered. */
export type Registration = Readonly<{
  type: 'new' | 'known' | 'forgotten'
  /** Receipts before this moment have certainly reached it. */
  receiptsUntil: Date
}>

/** The most devices of one person whose positions are kept. */
export const MAX_DEVICES = 100

// The devices' primary key; for a new device one row per chat of the person, and a look at all of their devices, once.
// `was` is as it was before this statement; a device that registers twice at once is new to both, and harmlessly so.
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

// Members by their index on the user; chats, floors and positions by their primary keys.
const OWED = {
  name: 'device_owed',
  text: `
    SELECT m.chat_id AS "chatId", m.left_seq IS NULL AS "isMember",
      COALESCE(m.left_seq, c.head_seq) AS "lastSeq",
      m.joined_seq AS "joinedSeq", m.earlier_stays::text AS "earlierStays",
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
    async owed(userId, deviceId) {
      const rows = await reader.query<OwedRow>(OWED, [userId, deviceId])
      return rows.map((row) => ({ ...row, earlierStays: parsePeriods(row.earlierStays) }))
    },
  }
}
