import type { ReceiptAdvanced } from '../events/signal.ts'
import type { ChatId, Seq, UserId } from '../ids.ts'
import type { Member } from '../events/chat.ts'
import type { Reader } from '../store/sql/reader.ts'
import type { Writer } from '../store/sql/writer.ts'
import { LARGE_CHAT } from '../events/chat.ts'
import type { CollapsedAdvances } from './watermarks.ts'

/** A member after an advance. */
export type AdvancedMember = Member &
  Readonly<{
    hasMoved: boolean
    at: Date
    /** Where the watermarks were before. */
    deliveredBefore: Seq
    readBefore: Seq
    /** How many members the chat has. */
    memberCount: number
  }>

/** A member's watermarks, for those who watch them. */
export type Receipt = Omit<ReceiptAdvanced, 'type'>

/** A stretch of a chat's log, from just after one seq up to and including another. */
export type PassedRange = Readonly<{ chatId: ChatId; afterSeq: Seq; untilSeq: Seq }>

export type ReceiptStore = Readonly<{
  /**
   * Moves watermarks and device positions up, never down, never beyond what the member can see; answers with every
   * member that there is, moved or not.
   */
  advance(advances: CollapsedAdvances): Promise<readonly AdvancedMember[]>
  /** Who sent the messages in each stretch, in order of the stretches; of long ones only the newest are looked at. */
  senders(passed: readonly PassedRange[]): Promise<(readonly UserId[])[]>
  /**
   * Watermarks of present members of the viewer's chats, of `LARGE_CHAT` members at most, that moved at or after
   * `since`.
   */
  since(viewerId: UserId, since: Date): Promise<readonly Receipt[]>
}>

// By the primary keys of members, chats and device_positions. Members' rows are locked in order of their key, by
// all who lock several, so no two gateways deadlock; positions are written by their own device's gateway, in the
// same order. A position never outruns the log either, so no device can acknowledge what is yet to come. Devices are
// written to once in some minutes at most. Whether a device has positions is a scalar subquery, which is asked for each
// device by the index on them; for EXISTS the planner might read all positions that there are, to ask those.
const ADVANCE = {
  name: 'receipt_advance',
  text: `
    WITH advance AS (
      SELECT * FROM unnest($1::uuid[], $2::text[], $3::int[], $4::int[])
        AS a(chat_id, user_id, delivered_seq, read_seq)
    ), device AS (
      SELECT * FROM unnest($5::uuid[], $6::text[], $7::text[], $8::int[], $9::bool[])
        AS d(chat_id, user_id, device_id, acked_seq, is_live)
    ), locked AS MATERIALIZED (
      SELECT m.*, c.member_count, LEAST(a.delivered_seq, c.last_seq) AS new_delivered, LEAST(a.read_seq, c.last_seq) AS new_read
      FROM advance a
        JOIN members m ON m.chat_id = a.chat_id AND m.user_id = a.user_id
        CROSS JOIN LATERAL (
          SELECT COALESCE(m.left_seq, c.head_seq) AS last_seq, c.member_count FROM chats c WHERE c.id = a.chat_id
        ) c
      ORDER BY m.chat_id, m.user_id FOR NO KEY UPDATE OF m
    ), after AS MATERIALIZED (
      SELECT l.*, GREATEST(delivered_seq, new_delivered) AS delivered_after, GREATEST(read_seq, new_read) AS read_after,
        new_delivered > delivered_seq OR new_read > read_seq AS has_moved
      FROM locked l
    ), moved AS (
      UPDATE members m
      SET delivered_seq = a.delivered_after, read_seq = a.read_after, receipt_at = clock_timestamp()
      FROM after a WHERE a.has_moved AND m.chat_id = a.chat_id AND m.user_id = a.user_id
    ), positions AS (
      INSERT INTO device_positions AS p (chat_id, user_id, device_id, acked_seq)
      SELECT d.chat_id, d.user_id, d.device_id, LEAST(d.acked_seq, COALESCE(l.left_seq, c.head_seq))
      FROM device d
        JOIN devices known ON known.user_id = d.user_id AND known.device_id = d.device_id AND (NOT known.is_forgotten OR (
          SELECT true FROM device_positions q WHERE q.user_id = d.user_id AND q.device_id = d.device_id LIMIT 1
        ))
        JOIN locked l ON l.chat_id = d.chat_id AND l.user_id = d.user_id
        JOIN chats c ON c.id = d.chat_id
      ORDER BY d.chat_id, d.user_id, d.device_id
      ON CONFLICT (chat_id, user_id, device_id) DO UPDATE
        SET acked_seq = EXCLUDED.acked_seq WHERE EXCLUDED.acked_seq > p.acked_seq
    ), heard AS (
      UPDATE devices known SET is_forgotten = false,
        receipts_until = CASE WHEN d.is_live THEN now() - $10 * interval '1 second' ELSE known.receipts_until END
      FROM (SELECT user_id, device_id, bool_or(is_live) AS is_live FROM device GROUP BY user_id, device_id) d
      WHERE known.user_id = d.user_id AND known.device_id = d.device_id AND (
        known.is_forgotten AND (
          SELECT true FROM device_positions q WHERE q.user_id = d.user_id AND q.device_id = d.device_id LIMIT 1
        ) OR d.is_live
          AND COALESCE(known.receipts_until, known.registered_at) < now() - 2 * $10 * interval '1 second'
      )
    )
    SELECT chat_id AS "chatId", user_id AS "userId", role, joined_at AS "joinedAt", joined_seq AS "joinedSeq",
      left_at AS "leftAt", left_seq AS "leftSeq", delivered_after AS "deliveredSeq", read_after AS "readSeq",
      delivered_seq AS "deliveredBefore", read_seq AS "readBefore", member_count AS "memberCount",
      has_moved AS "hasMoved", now()::timestamptz(3) AS at
    FROM after`,
}

// By members' index on the user, then the primary keys: everybody in each of the viewer's chats that is not large.
const SINCE = {
  name: 'receipt_since',
  text: `
    SELECT m.chat_id AS "chatId", m.user_id AS "userId", m.delivered_seq AS "deliveredSeq", m.read_seq AS "readSeq",
      m.receipt_at AS at
    FROM members viewer
      JOIN chats c ON c.id = viewer.chat_id AND c.member_count <= $3
      JOIN members m ON m.chat_id = viewer.chat_id AND (m.left_seq IS NULL OR m.user_id = $1)
    WHERE viewer.user_id = $1 AND m.receipt_at >= $2 AND (viewer.left_seq IS NULL OR m.user_id = $1)`,
}

// A range of messages' primary key per stretch, from its end and no further than the limit.
const SENDERS = {
  name: 'receipt_senders',
  text: `
    SELECT ARRAY(
      SELECT DISTINCT newest.sender_id FROM (
        SELECT m.sender_id FROM messages m
        WHERE m.chat_id = p.chat_id AND m.seq > p.after_seq AND m.seq <= p.until_seq
        ORDER BY m.seq DESC LIMIT $4
      ) newest
    ) AS "senderIds"
    FROM unnest($1::uuid[], $2::int[], $3::int[]) WITH ORDINALITY AS p(chat_id, after_seq, until_seq, ordinal)
    ORDER BY p.ordinal`,
}

/** A receipt that was stored so many seconds ago has reached every device that hears of everything. */
const RECEIPTS_ON_THEIR_WAY_S = 120

/** Of a longer stretch, those who sent its newest messages hear of it. */
const MAX_PASSED = 1_000

export function createReceiptStore({ writer, reader }: { writer: Writer; reader: Reader }): ReceiptStore {
  return {
    advance: ({ members, devices }) =>
      writer.query<AdvancedMember>(ADVANCE, [
        members.map((member) => member.chatId),
        members.map((member) => member.userId),
        members.map((member) => member.deliveredSeq),
        members.map((member) => member.readSeq),
        devices.map((device) => device.chatId),
        devices.map((device) => device.userId),
        devices.map((device) => device.deviceId),
        devices.map((device) => device.ackedSeq),
        devices.map((device) => device.isLive),
        RECEIPTS_ON_THEIR_WAY_S,
      ]),
    async senders(passed) {
      const rows = await reader.query<{ senderIds: readonly UserId[] }>(SENDERS, [
        passed.map((stretch) => stretch.chatId),
        passed.map((stretch) => stretch.afterSeq),
        passed.map((stretch) => stretch.untilSeq),
        MAX_PASSED,
      ])
      return rows.map((row) => row.senderIds)
    },
    since: (viewerId, since) => reader.query<Receipt>(SINCE, [viewerId, since, LARGE_CHAT]),
  }
}
