import type { AttachmentId, ChatId, Seq, UserId } from '../ids.ts'
import type { JsonObject } from '../lib/bounded-json.ts'

/** A message that is not in the log yet. Its order within a batch is its order in the chat. */
export type NewMessage = Readonly<{
  chatId: ChatId
  senderId: UserId
  clientMessageId: string
  /** Empty if the message has only attachments. */
  body: string
  fingerprint: Buffer
  replyToSeq: Seq | null
  /** The product's own type and data. */
  type: string | null
  data: JsonObject | null
  /** The sender's uploads, in the order to show. */
  attachmentIds: readonly AttachmentId[]
}>
