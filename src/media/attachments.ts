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
   * Returns an upload, and the message that it was sent with; undefined if there is none, or it is deleted. Does not
   * check who may see it.
   */
  find(id: AttachmentId): Promise<FoundUpload | undefined>
}>

export type FoundUpload = Readonly<{
  upload: Attachment & Readonly<{ uploaderId: UserId }>
  /** Undefined if it was not sent yet. */
  sentWith: MessageId | undefined
}>

type Dependencies = Readonly<{
  store: Pick<AttachmentStore, 'ofMessages'>
  uploadStore: Pick<UploadStore, 'find'>
}>

export function createAttachments({ store, uploadStore }: Dependencies): Attachments {
  return {
    async find(id) {
      const found = await uploadStore.find(id)
      if (found === undefined || found.isReleased) return undefined
      const { uploaderId, chatId, messageSeq: seq } = found
      const sentWith = chatId === null || seq === null ? undefined : { chatId, seq }
      return { upload: { ...toAttachment(found), uploaderId }, sentWith }
    },
    async ofMessages(ids) {
      const rows = await store.ofMessages(ids)
      const found = Map.groupBy(rows, ({ chatId, messageSeq }) => `${chatId} ${messageSeq}`)
      return ids.map(({ chatId, seq }) => found.get(`${chatId} ${seq}`) ?? [])
    },
  }
}

type Shown = Omit<Attachment, 'kind'> & Pick<Upload, 'kind'>

/** Returns an upload as clients see it. Until its bytes are inspected, it is what the uploader says. */
export function toAttachment(upload: Shown): Attachment {
  const { id, fileName, contentType, byteSize, width, height, thumbhash, hasThumbnails } = upload
  const kind = upload.kind ?? expectedKind(contentType)
  return { id, kind, fileName, contentType, byteSize, width, height, thumbhash, hasThumbnails }
}
