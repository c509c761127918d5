import type { AttachmentId, ChatId, Seq, UserId } from '../ids.ts'
import type { Attachment, AttachmentKind } from '../events/attachment.ts'
import type { Writer } from '../store/sql/writer.ts'
import type { UploadInput } from './upload-input.ts'

/** An upload that was announced. */
export type Upload = UploadInput &
  Readonly<{
    id: AttachmentId
    uploaderId: UserId
    /** The folder of the storage with everything of this upload. */
    storageKey: string
    /** The folder below it with the inspected files; null until there are some. */
    attempt: string | null
    /** Null, as the others of `Attachment`, until the file is inspected. */
    kind: AttachmentKind | null
    width: number | null
    height: number | null
    thumbhash: string | null
    hasThumbnails: boolean
    /** The message that it was sent with. */
    chatId: ChatId | null
    messageSeq: Seq | null
    /** The message was deleted, or the upload was not sent in time. */
    isReleased: boolean
  }>

/** The result of the inspection of a file. */
export type Inspected = Omit<Attachment, 'id' | 'fileName' | 'altText'> & Readonly<{ fileName: string }>

/** An upload, and the facts that decide whether a user may fetch its file. */
export type FileAccess = Upload &
  Readonly<{
    isUploader: boolean
    /** The user is a present member of the chat, and sees the message. */
    isVisible: boolean
    /** The message has expired, and the sweep has not erased it yet. */
    isExpired: boolean
  }>

export type UploadStore = Readonly<{
  /**
   * Stores an announced upload, and counts its bytes for the day. Returns false, and stores nothing, if the user would
   * exceed `bytesPerDay`. Rejects if the row exists already.
   */
  create(upload: NewUpload, bytesPerDay: number): Promise<boolean>
  find(id: AttachmentId): Promise<Upload | undefined>
  /** Returns the uploads that exist, in no particular order. */
  findMany(ids: readonly AttachmentId[]): Promise<readonly Upload[]>
  /** Records what the inspection has shown. Returns false if another attempt was first, or the upload is gone. */
  complete(id: AttachmentId, attempt: string, inspected: Inspected): Promise<boolean>
  /** Releases an upload that is not complete. */
  release(id: AttachmentId): Promise<void>
  access(id: AttachmentId, userId: UserId): Promise<FileAccess | undefined>
  /** Returns the key that signs addresses. The first call of all gateways stores `fresh` as the key. */
  signingKey(fresh: Buffer): Promise<Buffer>
  /** Releases uploads that were announced more than `ageS` seconds ago and not sent. */
  releaseUnsent(ageS: number, limit: number): Promise<number>
  /** Returns released uploads, the oldest first. */
  released(limit: number): Promise<readonly Readonly<{ id: AttachmentId; storageKey: string }>[]>
  /** Forgets uploads whose bytes are deleted. */
  forget(ids: readonly AttachmentId[]): Promise<void>
  /** Returns uploads with inspected files that are not released, in the order of their ids. */
  stored(afterId: AttachmentId | undefined, limit: number): Promise<readonly StoredUpload[]>
  /** Returns complete uploads of this age, in seconds, whose folders were not compared with their rows yet. */
  untidy(ageS: number, limit: number): Promise<readonly StoredUpload[]>
  /** Records that the folders have only what the rows name. */
  markTidy(ids: readonly AttachmentId[]): Promise<void>
  /** Returns which of these folders of the storage belong to an upload, with the attempt that counts. */
  known(storageKeys: readonly string[]): Promise<readonly Pick<Upload, 'storageKey' | 'attempt'>[]>
  /** Forgets how much users uploaded before yesterday. */
  forgetUsage(limit: number): Promise<void>
}>

/** An upload and the place of its files. */
export type StoredUpload = Readonly<{
  id: AttachmentId
  storageKey: string
  attempt: string
  hasThumbnails: boolean
}>

type NewUpload = UploadInput & Readonly<{ id: AttachmentId; uploaderId: UserId; storageKey: string }>

const COLUMNS = `
  u.id, u.uploader_id AS "uploaderId", u.storage_key AS "storageKey", u.file_name AS "fileName", u.alt_text AS "altText",
  u.content_type AS "contentType", u.byte_size AS "byteSize", u.attempt, u.kind, u.width, u.height, u.thumbhash,
  u.has_thumbnails AS "hasThumbnails", u.chat_id AS "chatId", u.message_seq AS "messageSeq",
  u.released_at IS NOT NULL AS "isReleased"`

// One row of upload_usages by its primary key, which it locks, and one new row of uploads.
const CREATE = {
  name: 'media_create',
  text: `
    WITH counted AS (
      INSERT INTO upload_usages AS c (user_id, day, byte_count)
      SELECT $2, (now() AT TIME ZONE 'UTC')::date, $6::int WHERE $6::int <= $7::float8
      ON CONFLICT (day, user_id) DO UPDATE SET byte_count = c.byte_count + excluded.byte_count
        WHERE c.byte_count + excluded.byte_count <= $7::float8
      RETURNING 1
    )
    INSERT INTO uploads (id, uploader_id, storage_key, file_name, content_type, byte_size, alt_text, created_at)
    SELECT $1::uuid, $2, $3::uuid, $4, $5, $6, $8, clock_timestamp() FROM counted
    RETURNING 1`,
}

// One row by the primary key of uploads. Takes no lock.
const FIND = { name: 'media_find', text: `SELECT ${COLUMNS} FROM uploads u WHERE u.id = ANY($1::uuid[])` }

// One row by the primary key of uploads, which it locks.
const COMPLETE = {
  name: 'media_complete',
  text: `
    UPDATE uploads SET ready_at = clock_timestamp(), attempt = $2, kind = $3::"AttachmentKind", file_name = $4,
      content_type = $5, byte_size = $6, width = $7, height = $8, thumbhash = $9, has_thumbnails = $10
    WHERE id = $1 AND ready_at IS NULL AND released_at IS NULL
    RETURNING 1`,
}

// One row by the primary key of uploads, which it locks.
const RELEASE = {
  name: 'media_release_upload',
  text: `UPDATE uploads SET released_at = clock_timestamp() WHERE id = $1 AND ready_at IS NULL AND released_at IS NULL`,
}

// One row each by the primary keys of uploads, messages and members. Takes no lock.
const ACCESS = {
  name: 'media_access',
  text: `
    SELECT ${COLUMNS}, u.uploader_id = $2 AS "isUploader",
      COALESCE(p.left_seq IS NULL AND (p.joined_seq <= u.message_seq OR p.earlier_stays @> u.message_seq), false)
        AS "isVisible",
      COALESCE(m.expires_at <= clock_timestamp(), false) AS "isExpired"
    FROM uploads u
      LEFT JOIN LATERAL (
        SELECT expires_at FROM messages WHERE chat_id = u.chat_id AND seq = u.message_seq LIMIT 1
      ) m ON true
      LEFT JOIN LATERAL (
        SELECT joined_seq, left_seq, earlier_stays FROM members WHERE chat_id = u.chat_id AND user_id = $2 LIMIT 1
      ) p ON true
    WHERE u.id = $1`,
}

// The only row of media_keys. Of gateways that start at the same time, one stores its key, and all use that one.
const STORE_KEY = {
  name: 'media_store_key',
  text: `INSERT INTO media_keys (id, key) VALUES (1, $1) ON CONFLICT (id) DO NOTHING`,
}
const READ_KEY = { name: 'media_read_key', text: `SELECT key FROM media_keys WHERE id = 1` }

// The partial index of uploads that were not sent. Locks them in order of creation, and skips locked rows: those are
// just being sent.
const RELEASE_UNSENT = {
  name: 'media_release_unsent',
  text: `
    WITH unsent AS MATERIALIZED (
      SELECT id FROM uploads
      WHERE chat_id IS NULL AND released_at IS NULL AND created_at < now() - make_interval(secs => $1)
      ORDER BY created_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
    ), released AS (
      UPDATE uploads u SET released_at = now() FROM unsent WHERE u.id = unsent.id RETURNING 1
    )
    SELECT count(*)::int AS count FROM released`,
}

// The partial index of released uploads. Takes no lock: several gateways may delete the same bytes.
const RELEASED = {
  name: 'media_released',
  text: `
    SELECT id, storage_key AS "storageKey" FROM uploads WHERE released_at IS NOT NULL ORDER BY released_at LIMIT $1`,
}

// Rows of uploads and upload_parts by their primary keys. Locks those of uploads in order of id.
const FORGET = {
  name: 'media_forget',
  text: `
    WITH gone AS MATERIALIZED (
      SELECT u.id
      FROM (SELECT id FROM unnest($1::uuid[]) AS k(id) ORDER BY id) k
        CROSS JOIN LATERAL (SELECT id FROM uploads WHERE id = k.id LIMIT 1 FOR UPDATE) u
    ), parts AS (
      DELETE FROM upload_parts WHERE upload_id = ANY ($1::uuid[])
    )
    DELETE FROM uploads u USING gone WHERE u.id = gone.id`,
}

// A range of the primary key of upload_usages, which begins with the day.
const FORGET_USAGE = {
  name: 'media_forget_usage',
  text: `
    WITH old AS MATERIALIZED (
      SELECT day, user_id FROM upload_usages WHERE day < (now() AT TIME ZONE 'UTC')::date - 1
      ORDER BY day, user_id LIMIT $1 FOR UPDATE SKIP LOCKED
    )
    DELETE FROM upload_usages u USING old WHERE u.day = old.day AND u.user_id = old.user_id`,
}

// A page of the primary key of uploads. Takes no lock.
const STORED = {
  name: 'media_stored',
  text: `
    SELECT id, storage_key AS "storageKey", attempt, has_thumbnails AS "hasThumbnails" FROM uploads
    WHERE id > $1 AND attempt IS NOT NULL AND released_at IS NULL ORDER BY id LIMIT $2`,
}

// The partial index of uploads that are not tidy. Takes no lock: several gateways may remove the same objects.
const UNTIDY = {
  name: 'media_untidy',
  text: `
    SELECT id, storage_key AS "storageKey", attempt, has_thumbnails AS "hasThumbnails" FROM uploads
    WHERE NOT is_tidy AND created_at < now() - make_interval(secs => $1) AND attempt IS NOT NULL
      AND released_at IS NULL
    ORDER BY created_at LIMIT $2`,
}

// Rows of uploads by their primary key. Locks them in order of id.
const MARK_TIDY = {
  name: 'media_mark_tidy',
  text: `
    WITH tidy AS MATERIALIZED (
      SELECT u.id
      FROM (SELECT id FROM unnest($1::uuid[]) AS k(id) ORDER BY id) k
        CROSS JOIN LATERAL (SELECT id FROM uploads WHERE id = k.id LIMIT 1 FOR NO KEY UPDATE) u
    )
    UPDATE uploads u SET is_tidy = true FROM tidy WHERE u.id = tidy.id`,
}

// Rows of uploads by the index on the folder. Takes no lock.
const KNOWN = {
  name: 'media_known',
  text: `SELECT storage_key AS "storageKey", attempt FROM uploads WHERE storage_key = ANY ($1::uuid[])`,
}

const BEFORE_ALL = '00000000-0000-0000-0000-000000000000'

/** All statements go to the primary: an upload is completed, sent and fetched within moments. */
export function createUploadStore({ writer }: { writer: Writer }): UploadStore {
  return {
    async create({ id, uploaderId, storageKey, fileName, contentType, byteSize, altText }, bytesPerDay) {
      const values = [id, uploaderId, storageKey, fileName, contentType, byteSize, bytesPerDay, altText]
      return (await writer.query(CREATE, values)).length > 0
    },
    async find(id) {
      return (await writer.query<Upload>(FIND, [[id]]))[0]
    },
    findMany: (ids) => writer.query<Upload>(FIND, [ids]),
    async complete(id, attempt, inspected) {
      const { kind, fileName, contentType, byteSize, width, height, thumbhash, hasThumbnails } = inspected
      const values = [
        id,
        attempt,
        kind,
        fileName,
        contentType,
        byteSize,
        width,
        height,
        thumbhash,
        hasThumbnails,
      ]
      return (await writer.query(COMPLETE, values)).length > 0
    },
    async release(id) {
      await writer.query(RELEASE, [id])
    },
    async access(id, userId) {
      return (await writer.query<FileAccess>(ACCESS, [id, userId]))[0]
    },
    async signingKey(fresh) {
      await writer.query(STORE_KEY, [fresh])
      const [row] = await writer.query<{ key: Buffer }>(READ_KEY)
      if (row === undefined) throw new Error('The signing key of media addresses is missing')
      return row.key
    },
    async releaseUnsent(ageS, limit) {
      return (await writer.query<{ count: number }>(RELEASE_UNSENT, [ageS, limit]))[0]?.count ?? 0
    },
    released: (limit) => writer.query(RELEASED, [limit]),
    async forget(ids) {
      await writer.query(FORGET, [ids])
    },
    stored: (afterId, limit) => writer.query(STORED, [afterId ?? BEFORE_ALL, limit]),
    untidy: (ageS, limit) => writer.query(UNTIDY, [ageS, limit]),
    async markTidy(ids) {
      await writer.query(MARK_TIDY, [ids])
    },
    known: (storageKeys) => writer.query(KNOWN, [storageKeys]),
    async forgetUsage(limit) {
      await writer.query(FORGET_USAGE, [limit])
    },
  }
}
