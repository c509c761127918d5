import type { Attachment } from '../events/attachment.ts'
import type { AttachmentId, MessageId, UserId } from '../ids.ts'
import type { Transaction } from '../store/sql/transaction.ts'

/**
 * Makes uploads of the user the attachments of a message, in this order. Returns undefined if one of them is not the
 * user's own, is not complete, or was sent before; the transaction must be rolled back then.
 */
export type ClaimUploads = (
  tx: Transaction,
  message: MessageId,
  userId: UserId,
  ids: readonly AttachmentId[],
) => Promise<readonly Attachment[] | undefined>

/** Removes the attachments of a message. From the commit on they are not served, and a sweep deletes their bytes. */
export type ReleaseAttachments = (tx: Transaction, message: MessageId) => Promise<void>
