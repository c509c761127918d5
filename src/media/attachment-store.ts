import type { Attachment } from '../events/attachment.ts'
import type { ChatId, MessageId, Seq } from '../ids.ts'
import type { Reader } from '../store/sql/reader.ts'
import type { ClaimUploads, ReleaseAttachments } from './sent-attachments.ts'

/** The attachments of messages. */
export type AttachmentStore = Readonly<{
  claim: ClaimUploads
  release: ReleaseAttachments
  /** Returns the attachments of each message that has some, in the order to show. */
  ofMessages(ids: readonly MessageId[]): Promise<readonly AttachmentRow[]>
}>

export type AttachmentRow = Attachment & Readonly<{ chatId: ChatId; messageSeq: Seq }>

const COLUMNS = `
  a.id, a.kind, a.file_name AS "fileName", a.alt_text AS "altText", a.content_type AS "contentType", a.byte_size AS "byteSize", a.width, a.height,
  a.thumbhash, a.has_thumbnails AS "hasThumbnails"`

// Rows of uploads by their primary key. Locks them in order of id, as all statements that lock several, after the row
// of the chat. After a wait for a lock it sees the row as it is then. Inserts into attachments.
const CLAIM = {
  name: 'media_claim',
  text: `
    WITH mine AS MATERIALIZED (
      SELECT u.id
      FROM (SELECT id FROM unnest($1::uuid[]) AS k(id) ORDER BY id) k
        CROSS JOIN LATERAL (SELECT * FROM uploads WHERE id = k.id LIMIT 1 FOR NO KEY UPDATE) u
      WHERE u.uploader_id = $2 AND u.ready_at IS NOT NULL AND u.chat_id IS NULL AND u.released_at IS NULL
    ), sent AS (
      UPDATE uploads u SET chat_id = $3, message_seq = $4 FROM mine WHERE u.id = mine.id RETURNING u.*
    )
    INSERT INTO attachments AS a (chat_id, message_seq, position, id, kind, file_name, alt_text, content_type, byte_size, width,
      height, thumbhash, has_thumbnails)
    SELECT $3, $4, array_position($1::uuid[], s.id), s.id, s.kind, s.file_name, s.alt_text, s.content_type, s.byte_size, s.width,
      s.height, s.thumbhash, s.has_thumbnails
    FROM sent s
    RETURNING ${COLUMNS}`,
}

// A range of the primary key of attachments, then one row of uploads each by its primary key. The transaction holds the
// lock on the chat's row.
const RELEASE = {
  name: 'media_release',
  text: `
    WITH gone AS (DELETE FROM attachments WHERE chat_id = $1 AND message_seq = $2 RETURNING id)
    UPDATE uploads u SET released_at = clock_timestamp() FROM gone WHERE u.id = gone.id`,
}

// A range of the primary key of attachments per message. Takes no lock.
const OF_MESSAGES = {
  name: 'media_of_messages',
  text: `
    SELECT a.chat_id AS "chatId", a.message_seq AS "messageSeq", ${COLUMNS}
    FROM unnest($1::uuid[], $2::int[]) AS k(chat_id, seq)
      JOIN attachments a ON a.chat_id = k.chat_id AND a.message_seq = k.seq
    ORDER BY a.chat_id, a.message_seq, a.position`,
}

export function createAttachmentStore({ reader }: { reader: Reader }): AttachmentStore {
  return {
    async claim(tx, { chatId, seq }, userId, ids) {
      const rows = await tx.query<Attachment>(CLAIM, [ids, userId, chatId, seq])
      const byId = new Map(rows.map((row) => [row.id, row]))
      const claimed = ids.map((id) => byId.get(id)).filter((row) => row !== undefined)
      return claimed.length === ids.length ? claimed : undefined
    },
    async release(tx, { chatId, seq }) {
      await tx.query(RELEASE, [chatId, seq])
    },
    ofMessages: (ids) =>
      reader.query<AttachmentRow>(OF_MESSAGES, [ids.map(({ chatId }) => chatId), ids.map(({ seq }) => seq)]),
  }
}
