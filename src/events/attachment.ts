import type { AttachmentId } from '../ids.ts'

/** How a client presents an attachment. */
export type AttachmentKind = 'IMAGE' | 'VIDEO' | 'AUDIO' | 'FILE'

/** A file of a message, or of an upload that its uploader has not sent yet. It does not change once it was sent. */
export type Attachment = Readonly<{
  id: AttachmentId
  kind: AttachmentKind
  fileName: string
  /** Describes the file in words of the uploader. Null if they gave none. */
  altText: string | null
  contentType: string
  byteSize: number
  /** Null, as `height` and `thumbhash`, if the file is not an image, or is not uploaded yet. */
  width: number | null
  height: number | null
  /** In base64. */
  thumbhash: string | null
  hasThumbnails: boolean
}>
