import type { ChatId, DeviceId, Seq, UserId } from '../ids.ts'
import type { Reader } from '../store/reader.ts'
import type { Writer } from '../store/writer.ts'

/** What a person, or one of their devices, is owed of a chat: the events after `ackedSeq`, up to `lastSeq`. */
export type Owed = Readonly<{
  chatId: ChatId
  ackedSeq: Seq
  /** The start of their present or last stay. */
  joinedSeq: Seq
  /** The end of what the person sees of the log. */
  lastSeq: Seq
  /** Whether more may come. */
  isMember: boolean
}>

export type DeviceStore = Readonly<{
  /**
   * Makes the device known. One never seen before starts with nothing owed: its position in every chat is the
   * chat's head, unless it acknowledged something already.
   */
  register(userId: UserId, deviceId: DeviceId): Promise<void>
  /** For every chat of the user in which something was ever said. Without a device nothing is owed. */
  owed(userId: UserId, deviceId: DeviceId | undefined): Promise<readonly Owed[]>
  /** A moment before which every receipt has certainly reached the device. */
  receiptsKnownSince(userId: UserId, deviceId: DeviceId): Promise<Date>
}>

// The devices' primary key; for a new device one row per chat of the person, once. A row that the statement inserted
// was never updated: its xmax is 0.
const REGISTER = {
  name: 'device_register',
  text: `
    WITH device AS (
      INSERT INTO devices (user_id, device_id) VALUES ($1, $2)
      ON CONFLICT (user_id, device_id) DO UPDATE SET last_seen_at = now()
      RETURNING xmax = 0 AS is_new
    )
    INSERT INTO device_positions (chat_id, user_id, device_id, acked_seq)
    SELECT m.chat_id, $1, $2, COALESCE(m.left_seq, c.head_seq)
    FROM members m JOIN chats c ON c.id = m.chat_id
    WHERE m.user_id = $1 AND c.head_seq > 0 AND (SELECT is_new FROM device)
    ON CONFLICT DO NOTHING`,
}

// Members by their index on the user; chats and positions by their primary keys.
const OWED = {
  name: 'device_owed',
  text: `
    SELECT m.chat_id AS "chatId", m.left_seq IS NULL AS "isMember",
      COALESCE(m.left_seq, c.head_seq) AS "lastSeq",
      m.joined_seq AS "joinedSeq",
      CASE WHEN $2::text IS NULL THEN COALESCE(m.left_seq, c.head_seq)
        ELSE GREATEST(p.acked_seq, m.joined_seq - 1) END AS "ackedSeq"
    FROM members m
      JOIN chats c ON c.id = m.chat_id
      LEFT JOIN device_positions p ON p.chat_id = m.chat_id AND p.user_id = m.user_id AND p.device_id = $2
    WHERE m.user_id = $1 AND c.head_seq > 0
    ORDER BY c.last_activity_at`,
}

// A device that acknowledged an event had a stream that was alive when the event came by, and had been told of all
// receipts before it: what was written more than a minute before the event has long been announced by then.
const RECEIPTS_KNOWN_SINCE = {
  name: 'device_receipts_known_since',
  text: `
    SELECT GREATEST(d.registered_at, (
      SELECT max(e.at) FROM device_positions p
        JOIN chat_events e ON e.chat_id = p.chat_id AND e.seq = p.acked_seq
      WHERE p.user_id = $1 AND p.device_id = $2
    )) - interval '1 minute' AS since
    FROM devices d WHERE d.user_id = $1 AND d.device_id = $2`,
}

export function createDeviceStore({ writer, reader }: { writer: Writer; reader: Reader }): DeviceStore {
  return {
    async register(userId, deviceId) {
      await writer.query(REGISTER, [userId, deviceId])
    },
    owed: (userId, deviceId) => reader.query<Owed>(OWED, [userId, deviceId]),
    async receiptsKnownSince(userId, deviceId) {
      const rows = await reader.query<{ since: Date }>(RECEIPTS_KNOWN_SINCE, [userId, deviceId])
      return rows[0]?.since ?? new Date(0)
    },
  }
}
