import type { Attachment } from '../api.ts'
import type { Model } from '../model/model.ts'
import type { OutboxEntry } from '../outbox/entries.ts'
import { withUrl } from './local-file.ts'
import type { StoredFiles } from './stored-files.ts'

/** Addresses of files that are on this device only. */
export type Previews = Readonly<{
  /** Keeps the bytes of a file that was just stored. */
  keep(key: string, bytes: Blob): void
  /** Follows a message with files until it is sent or discarded. */
  track(entry: OutboxEntry): void
  isTracked(entry: OutboxEntry): boolean
  /** The attachments with addresses of this device, which are read from storage if necessary. */
  show(entry: OutboxEntry): readonly Attachment[]
  /** Returns the messages that the chat no longer shows with these files, and revokes their addresses. */
  goneFrom(chatId: string): readonly OutboxEntry[]
  /** Revokes all addresses. */
  dispose(): void
}>

type Dependencies = Readonly<{ files: Pick<StoredFiles, 'bytes'>; model: Model }>

/**
 * An address of a Blob keeps its bytes until it is revoked. That happens once the chat shows the message with the
 * files of the server, or not at all. A picture that the browser has decoded by then stays on the screen.
 */
export function createPreviews({ files, model }: Dependencies): Previews {
  const tracked = new Map<string, OutboxEntry>()
  /** By the key of the file. Undefined while its bytes are read. */
  const shown = new Map<string, Attachment | undefined>()
  const kept = new Map<string, Blob>()

  function open({ key, attachment }: NonNullable<OutboxEntry['files']>[number], chatId: string): Attachment {
    const bytes = kept.get(key)
    if (bytes !== undefined) {
      const opened = withUrl(attachment, URL.createObjectURL(bytes))
      shown.set(key, opened)
      kept.delete(key)
      return opened
    }
    const known = shown.get(key)
    if (known === undefined && !shown.has(key)) {
      shown.set(key, undefined)
      void read(key, chatId)
    }
    return known ?? attachment
  }

  /** After a reload. A file that cannot be read has no picture; its upload says why. */
  async function read(key: string, chatId: string): Promise<void> {
    const bytes = await files.bytes(key).catch(() => undefined)
    if (bytes === undefined || !shown.has(key)) return
    kept.set(key, bytes)
    model.touch(chatId)
  }

  function revoke(key: string): void {
    const url = shown.get(key)?.url
    if (url !== undefined) URL.revokeObjectURL(url)
    shown.delete(key)
    kept.delete(key)
  }

  function isShown({ chatId, clientMessageId, files: [first] = [] }: OutboxEntry): boolean {
    const { messages } = model.state(chatId).getSnapshot()
    return messages.some(
      (message) =>
        message.clientMessageId === clientMessageId && message.attachments[0]?.id === first?.attachment.id,
    )
  }

  return {
    keep: (key, bytes) => void kept.set(key, bytes),
    track: (entry) => void tracked.set(entry.clientMessageId, entry),
    isTracked: ({ clientMessageId }) => tracked.has(clientMessageId),
    show: ({ files: list = [], chatId }) => list.map((file) => open(file, chatId)),
    goneFrom(chatId) {
      const gone = [...tracked.values()].filter((entry) => entry.chatId === chatId && !isShown(entry))
      for (const { clientMessageId, files: list = [] } of gone) {
        tracked.delete(clientMessageId)
        for (const { key } of list) revoke(key)
      }
      return gone
    },
    dispose() {
      for (const key of shown.keys()) revoke(key)
      tracked.clear()
    },
  }
}
