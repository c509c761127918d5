import type { Attachment } from '../events/attachment.ts'
import type { AttachmentId, MessageId, UserId } from '../ids.ts'
import type { AttachmentStore } from './attachment-store.ts'
import { expectedKind } from './file-kind.ts'
import type { Upload, UploadStore } from './upload-store.ts'

/** Reads the attachments of messages. */
export type Attachments = Readonly<{
  /** Returns them in the order of `ids`, each list in the order to show. Does not check who may see them. */
  ofMessages(ids: readonly MessageId[]): Promise<(readonly Attachment[])[]>
  /**
   * Returns uploads, and the messages that they were sent with, in the order of `ids`. Undefined if there is none,
   * or it is deleted. Does not check who may see them.
   */
  findMany(ids: readonly AttachmentId[]): Promise<(FoundUpload | undefined)[]>
}>

export type FoundUpload = Readonly<{
  upload: Attachment & Readonly<{ uploaderId: UserId }>
  /** Undefined if it was not sent yet. */
  sentWith: MessageId | undefined
}>

type Dependencies = Readonly<{
  store: Pick<AttachmentStore, 'ofMessages'>
  uploadStore: Pick<UploadStore, 'findMany'>
}>

export function createAttachments({ store, uploadStore }: Dependencies): Attachments {
  return {
    async findMany(ids) {
      const found = new Map((await uploadStore.findMany(ids)).map((upload) => [upload.id, upload]))
      return ids.map((id) => toFoundUpload(found.get(id)))
    },
    async ofMessages(ids) {
      const rows = await store.ofMessages(ids)
      const found = Map.groupBy(rows, ({ chatId, messageSeq }) => `${chatId} ${messageSeq}`)
      return ids.map(({ chatId, seq }) => found.get(`${chatId} ${seq}`) ?? [])
    },
  }
}

function toFoundUpload(found: Upload | undefined): FoundUpload | undefined {
  if (found === undefined || found.isReleased) return undefined
  const { uploaderId, chatId, messageSeq: seq } = found
  const sentWith = chatId === null || seq === null ? undefined : { chatId, seq }
  return { upload: { ...toAttachment(found), uploaderId }, sentWith }
}

type Shown = Omit<Attachment, 'kind'> & Pick<Upload, 'kind'>

/** Returns an upload as clients see it. Until its bytes are inspected, it is what the uploader says. */
export function toAttachment(upload: Shown): Attachment {
  const { id, fileName, altText, contentType, byteSize, width, height, thumbhash, hasThumbnails } = upload
  const kind = upload.kind ?? expectedKind(contentType)
  return { id, kind, fileName, altText, contentType, byteSize, width, height, thumbhash, hasThumbnails }
}
