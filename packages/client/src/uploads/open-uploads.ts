import type { ClientStorage, Message } from '../api.ts'
import type { Request } from '../graphql/http.ts'
import type { Model } from '../model/model.ts'
import type { OutboxEntry, OutboxFile } from '../outbox/entries.ts'

/** Uploads the files of messages, for the outbox of one user. */
export type UploadQueue = Readonly<{
  /** Stores files. Rejects with a `ParleyError` if they cannot be sent. Never rejects unhandled. */
  add(files: readonly Blob[]): Promise<readonly OutboxFile[]>
  /**
   * Uploads what is not uploaded yet. Resolves to the ids of the attachments, in order. Rejects with a `ParleyError`,
   * which is retryable if the same call may go on later.
   */
  upload(entry: OutboxEntry): Promise<readonly string[]>
  /** Whether the message has files that are not uploaded, so that it cannot be on the server yet. */
  isUploading(entry: OutboxEntry): boolean
  /** The files of a message as the screen shows them. Undefined if it has none to upload. */
  show(entry: OutboxEntry): Pick<Message, 'attachments' | 'uploadProgress'> | undefined
}>

/** The parts of a client that uploads need. */
export type UploadContext = Readonly<{
  storage: ClientStorage
  request: Request
  model: Model
  /** Prefix of the keys of the outbox; ends with a slash. */
  prefix: string
  /** Aborted once the client is closed. */
  signal: AbortSignal
  onError(error: unknown): void
}>

/** Opens the uploads of a client. `fileUploads()` returns one. */
export type OpenUploads = (context: UploadContext) => UploadQueue
