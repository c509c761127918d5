import type { Message } from '../events/message.ts'
import type { ChatId, UserId } from '../ids.ts'
import type { JsonObject } from '../lib/bounded-json.ts'

/*
 * A row of a page has two columns, because each value costs the gateway and PostgreSQL more than its characters:
 *
 * - one text with what every message has: the number of its page, seq, time, sender, key and body. Control characters
 *   separate them. Only a body can contain one, and it comes last. A deleted message has none, not even its separator.
 * - JSON with what few messages have, or null
 */
export const PAGE_ROW = `
  concat_ws(E'\\x1f', wanted.page, m.seq, date_part('epoch', m.sent_at), m.sender_id, m.client_message_id, m.body),
  CASE
    WHEN COALESCE(m.edited_at, m.deleted_at, m.expires_at) IS NOT NULL OR m.reply_to_seq IS NOT NULL
      OR m.attachment_count > 0 OR m.type IS NOT NULL OR m.data IS NOT NULL
    THEN json_build_array(
      m.reply_to_seq, date_part('epoch', m.edited_at), date_part('epoch', m.deleted_at),
      date_part('epoch', m.expires_at), m.attachment_count, m.type, m.data)
  END`

export const PAGE_COLUMNS = { common: String, rare: JSON.parse as (text: string) => Rare }

export type PageRow = Readonly<{ common: string; rare: Rare | null }>

type Rare = readonly [
  replyToSeq: number | null,
  editedAt: number | null,
  deletedAt: number | null,
  expiresAt: number | null,
  attachmentCount: number,
  type: string | null,
  data: JsonObject | null,
]

const SEPARATOR = '\x1f'
const NOTHING_RARE: Rare = [null, null, null, null, 0, null, null]

/** Returns the number of the page that a row belongs to. */
export function pageOf({ common }: PageRow): number {
  return Number(common.slice(0, common.indexOf(SEPARATOR)))
}

/** Returns the message of a row. */
export function messageOf({ common, rare }: PageRow, chatId: ChatId): Message {
  const pageEnd = common.indexOf(SEPARATOR)
  const seqEnd = common.indexOf(SEPARATOR, pageEnd + 1)
  const timeEnd = common.indexOf(SEPARATOR, seqEnd + 1)
  const senderEnd = common.indexOf(SEPARATOR, timeEnd + 1)
  const keyEnd = common.indexOf(SEPARATOR, senderEnd + 1)
  const hasBody = keyEnd !== -1
  const [replyToSeq, editedAt, deletedAt, expiresAt, attachmentCount, type, data] = rare ?? NOTHING_RARE
  return {
    chatId,
    seq: Number(common.slice(pageEnd + 1, seqEnd)),
    senderId: common.slice(timeEnd + 1, senderEnd) as UserId,
    clientMessageId: hasBody ? common.slice(senderEnd + 1, keyEnd) : common.slice(senderEnd + 1),
    body: hasBody ? common.slice(keyEnd + 1) : null,
    attachmentCount,
    replyToSeq,
    sentAt: timeOf(Number(common.slice(seqEnd + 1, timeEnd))),
    editedAt: optionalTime(editedAt),
    deletedAt: optionalTime(deletedAt),
    expiresAt: optionalTime(expiresAt),
    type,
    data,
  }
}

/** Columns have milliseconds. The product of their seconds may differ from a whole number by less than that. */
function timeOf(seconds: number): Date {
  return new Date(Math.round(seconds * 1_000))
}

function optionalTime(seconds: number | null): Date | null {
  return seconds === null ? null : timeOf(seconds)
}
