import type { ReceiptAdvanced } from '../events/signal.ts'
import { type ChatId, type Seq, SYSTEM_USER_ID, type UserId } from '../ids.ts'
import type { Member } from '../events/chat.ts'
import type { Reader } from '../store/sql/reader.ts'
import { SHARED_BY_CONNECTING, shareStatement } from '../store/sql/shared-statement.ts'
import type { Writer } from '../store/sql/writer.ts'
import { LARGE_CHAT } from '../events/chat.ts'
import type { CollapsedAdvances } from './watermarks.ts'

/** A member after an advance. */
export type AdvancedMember = Member &
  Readonly<{
    /** Whether this advance moved a watermark. */
    hasMoved: boolean
    at: Date
    /** The watermarks before the advance. */
    deliveredBefore: Seq
    readBefore: Seq
    /** The number of members of the chat. */
    memberCount: number
  }>

/** A member's watermarks, as published. */
export type Receipt = Omit<ReceiptAdvanced, 'type'>

/** Names a member of a chat. */
export type MemberId = Pick<Receipt, 'chatId' | 'userId'>

/** A receipt of the past. `isRecent`: so new that an older receipt of the member may still be on its way. */
export type PastReceipt = Receipt & Readonly<{ isRecent: boolean }>

/** The events that a watermark passed: after `afterSeq`, up to and including `untilSeq`. */
export type PassedRange = Readonly<{ chatId: ChatId; afterSeq: Seq; untilSeq: Seq }>

export type ReceiptStore = Readonly<{
  /**
   * Moves watermarks and device positions forward, never back, and never beyond the last event that the member sees.
   * Returns all of these members that exist, whether their watermarks moved or not.
   */
  advance(advances: CollapsedAdvances): Promise<readonly AdvancedMember[]>
  /**
   * Returns the users who sent the messages in each range, in the order of the ranges. Examines only the newest
   * `MAX_EXAMINED` messages of a range.
   */
  senders(ranges: readonly PassedRange[]): Promise<(readonly UserId[])[]>
  /**
   * Returns a page of the watermarks that moved at or after `since`, of present members of the viewer's chats. If the
   * viewer is the only one, also of former members. Omits chats with more than `LARGE_CHAT` members. Each member is in
   * one page, with the newest watermarks. The first page comes after undefined, the next one after its last receipt.
   * The last page has fewer than `RECEIPT_PAGE` receipts.
   */
  since(viewerId: UserId, since: Date, after: MemberId | undefined): Promise<readonly PastReceipt[]>
}>

/*
 * Indexes: the primary keys of members, chats, devices and device_positions. To know whether a device has any
 * position, it uses the index of device_positions on (user_id, device_id), in a scalar subquery per device. With
 * EXISTS, the planner could read the whole table instead.
 *
 * Locks: rows of members in order of (chat_id, user_id), as in all statements that lock several members. So two
 * gateways never deadlock. Then positions in order of (chat_id, user_id, device_id), which only the device's own
 * gateway writes.
 *
 * A position never passes the end of the log, so that no device acknowledges future events. A row of devices is
 * written at most once in a few minutes.
 */
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

// For each viewer: the index of members on user_id and the primary key of chats, for all chats of the viewer. Then the
// primary key of members, chat by chat, until the page is full. The chats are materialized, and sorted afterwards:
// otherwise the planner could read whole tables in the order of their keys. Takes no lock.
const SINCE = {
  name: 'receipt_since',
  text: `
    SELECT s.ordinal, page.*
    FROM unnest($1::int[], $2::text[], $3::timestamptz[], $4::uuid[], $5::text[])
        AS s(ordinal, viewer_id, since, after_chat_id, after_user_id)
      CROSS JOIN LATERAL (
        WITH viewed AS MATERIALIZED (
          SELECT v.chat_id, v.left_seq, c.member_count
          FROM members v JOIN chats c ON c.id = v.chat_id AND c.member_count <= $6
          WHERE v.user_id = s.viewer_id
        ), rest AS MATERIALIZED (
          SELECT * FROM viewed WHERE chat_id >= s.after_chat_id ORDER BY chat_id
        )
        SELECT m.chat_id AS "chatId", m.user_id AS "userId", m.delivered_seq AS "deliveredSeq", m.read_seq AS "readSeq",
          m.receipt_at AS at, m.receipt_at > now() - $7 * interval '1 second' AS "isRecent"
        FROM rest JOIN members m ON m.chat_id = rest.chat_id
        WHERE m.receipt_at >= s.since AND (rest.chat_id, m.user_id) > (s.after_chat_id, s.after_user_id)
          AND (m.user_id = s.viewer_id OR rest.left_seq IS NULL AND (m.left_seq IS NULL OR rest.member_count = 1))
        ORDER BY rest.chat_id, m.user_id LIMIT $8
      ) page
    ORDER BY s.ordinal, page."chatId", page."userId"`,
}

/** The receipts that a device has missed. */
type Missed = Readonly<{ viewerId: UserId; since: Date; after: MemberId }>
type ReceiptRow = PastReceipt & Readonly<{ ordinal: number }>

/** Devices that come back at the same time share statements. */
const SHARED = { ...SHARED_BY_CONNECTING, maxBatch: 50 }

// A range of the primary key of messages per passed range, from its end, until the limit. Takes no lock.
const SENDERS = {
  name: 'receipt_senders',
  text: `
    SELECT ARRAY(
      SELECT DISTINCT newest.sender_id FROM (
        SELECT m.sender_id FROM messages m
        WHERE m.chat_id = p.chat_id AND m.seq > p.after_seq AND m.seq <= p.until_seq
        ORDER BY m.seq DESC LIMIT $4
      ) newest WHERE newest.sender_id <> '${SYSTEM_USER_ID}'
    ) AS "senderIds"
    FROM unnest($1::uuid[], $2::int[], $3::int[]) WITH ORDINALITY AS p(chat_id, after_seq, until_seq, ordinal)
    ORDER BY p.ordinal`,
}

/** A receipt that is this old, in seconds, has reached every live device. */
const RECEIPT_DELIVERY_S = 120

/** Longer than a gateway takes to publish a receipt, in seconds, also if it was frozen for a while. */
const RECENT_S = 60

/** The most receipts of one page. */
export const RECEIPT_PAGE = 1_000

/** Comes before every member. */
const FIRST: MemberId = { chatId: '00000000-0000-0000-0000-000000000000' as ChatId, userId: '' as UserId }

/** The most messages of a range whose senders are looked up. */
const MAX_EXAMINED = 1_000

export function createReceiptStore({ writer, reader }: { writer: Writer; reader: Reader }): ReceiptStore {
  const since = shareStatement<Missed, readonly PastReceipt[]>({
    ...SHARED,
    async run(missed) {
      const rows = await reader.query<ReceiptRow>(SINCE, [
        missed.map((_, ordinal) => ordinal),
        missed.map(({ viewerId }) => viewerId),
        missed.map((one) => one.since),
        missed.map(({ after }) => after.chatId),
        missed.map(({ after }) => after.userId),
        LARGE_CHAT,
        RECENT_S,
        RECEIPT_PAGE,
      ])
      const perDevice = Map.groupBy(rows, ({ ordinal }) => ordinal)
      return missed.map((_, index) =>
        (perDevice.get(index) ?? []).map(({ ordinal: _ordinal, ...receipt }) => receipt),
      )
    },
  })

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
        RECEIPT_DELIVERY_S,
      ]),
    async senders(ranges) {
      const rows = await reader.query<{ senderIds: readonly UserId[] }>(SENDERS, [
        ranges.map(({ chatId }) => chatId),
        ranges.map(({ afterSeq }) => afterSeq),
        ranges.map(({ untilSeq }) => untilSeq),
        MAX_EXAMINED,
      ])
      return rows.map((row) => row.senderIds)
    },
    since: (viewerId, from, after = FIRST) => since({ viewerId, since: from, after }),
  }
}
