import type { AttachmentId } from '../ids.ts'
import type { Writer } from '../store/sql/writer.ts'

/** A part of the bytes of an upload. */
export type UploadPart = Readonly<{ startByte: number; byteCount: number; folder: string }>

export type PartStore = Readonly<{
  /** Records a part. Returns false if another part begins at its first byte, or the upload is complete or deleted. */
  add(id: AttachmentId, part: UploadPart): Promise<boolean>
  /** Returns the parts in their order. */
  list(id: AttachmentId): Promise<readonly UploadPart[]>
  remove(id: AttachmentId): Promise<void>
}>

// One row of uploads by its primary key, with a lock on it: what completes or releases the upload waits, and then sees
// the part. One new row of upload_parts, whose primary key decides between two requests that continue at the same byte.
const ADD = {
  name: 'media_part_add',
  text: `
    WITH open AS MATERIALIZED (
      SELECT id FROM uploads WHERE id = $1 AND ready_at IS NULL AND released_at IS NULL LIMIT 1 FOR SHARE
    )
    INSERT INTO upload_parts (upload_id, start_byte, byte_count, folder)
    SELECT id, $2::int, $3::int, $4::uuid FROM open
    ON CONFLICT (upload_id, start_byte) DO NOTHING RETURNING 1`,
}

// A range of the primary key of upload_parts. Takes no lock.
const LIST = {
  name: 'media_part_list',
  text: `
    SELECT start_byte AS "startByte", byte_count AS "byteCount", folder FROM upload_parts
    WHERE upload_id = $1 ORDER BY start_byte`,
}

// A range of the primary key of upload_parts.
const REMOVE = { name: 'media_part_remove', text: `DELETE FROM upload_parts WHERE upload_id = $1` }

export function createPartStore({ writer }: { writer: Writer }): PartStore {
  return {
    async add(id, { startByte, byteCount, folder }) {
      return (await writer.query(ADD, [id, startByte, byteCount, folder])).length > 0
    },
    list: (id) => writer.query<UploadPart>(LIST, [id]),
    async remove(id) {
      await writer.query(REMOVE, [id])
    },
  }
}
