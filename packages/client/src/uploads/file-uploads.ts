import type { Attachment } from '../api.ts'
import { ParleyError } from '../errors.ts'
import type { OutboxEntry, OutboxFile } from '../outbox/entries.ts'
import { createAnnouncements, isDefinite } from './create-upload.ts'
import { createPreviews } from './previews.ts'
import { checkFiles, describe } from './local-file.ts'
import type { OpenUploads, UploadContext, UploadQueue } from './open-uploads.ts'
import { createProgress } from './progress.ts'
import { sendFile } from './send-file.ts'
import { createStoredFiles } from './stored-files.ts'
import { defaultTransport, type Transport } from './transport.ts'

export type FileUploadsOptions = Readonly<{
  /**
   * Sends the bytes. Default: XMLHttpRequest where there is one, because it reports progress, otherwise the global
   * `fetch`.
   */
  fetch?: typeof globalThis.fetch
}>

/** Lets a client send files: pass it as the option `uploads` of `createParleyClient`. */
export function fileUploads({ fetch }: FileUploadsOptions = {}): OpenUploads {
  return (context) => createUploadQueue(context, defaultTransport(fetch))
}

/** Files of one message that are sent at the same time. */
const AT_ONCE = 3

/** An address is not used any more so long before it expires, in milliseconds. */
const EXPIRY_MARGIN_MS = 60_000

/*
 * The files of a message go through these steps. Each leaves its mark in storage. So after a reload or a lost
 * connection, and in another tab, an upload goes on from the last one.
 *
 *   stored ──▶ announced ──▶ sent ──▶ (all files of the message) ──▶ the outbox sends the message
 *     ▲            │           │
 *     └────────────┴───────────┘ the server no longer has the upload, or its address has expired
 *
 * The outbox calls `upload` before it sends a message, and again after an error that is retryable. So one message of a
 * chat uploads at a time, and messages stay in the order of `send`.
 */
export function createUploadQueue(context: UploadContext, transport: Transport): UploadQueue {
  const { storage, request, model, prefix, signal, onError } = context
  const files = createStoredFiles(storage, prefix.replace(/outbox\/$/, 'upload/'))
  const announcements = createAnnouncements(request)
  const progress = createProgress(context)
  const previews = createPreviews({ files, model })
  /** Uploads under way, by the key of their message. */
  const running = new Map<string, AbortController>()
  /** Keys of messages that the outbox may have sent. */
  const uploaded = new Set<string>()

  files.sweep(prefix).catch(report)
  const dispose = model.watch((chatIds) => {
    for (const chatId of chatIds) for (const entry of previews.goneFrom(chatId)) forget(entry)
  })
  signal.addEventListener('abort', () => {
    dispose()
    previews.dispose()
    for (const run of running.values()) run.abort()
  })

  function report(error: unknown): void {
    if (!signal.aborted) onError(error)
  }

  /** The message was sent or discarded. */
  function forget({ clientMessageId, files: gone = [] }: OutboxEntry): void {
    running.get(clientMessageId)?.abort()
    uploaded.delete(clientMessageId)
    progress.forget(gone)
    files.remove(gone.map(({ key }) => key)).catch(report)
  }

  async function store(blob: Blob): Promise<OutboxFile> {
    const key = await files.add(blob)
    const attachment = await describe(blob, key)
    previews.keep(key, blob)
    return { key, attachment }
  }

  async function add(blobs: readonly Blob[]): Promise<readonly OutboxFile[]> {
    checkFiles(blobs)
    return await Promise.all(blobs.map(store))
  }

  /** The server may have deleted an upload that an earlier attempt completed. Returns whether it has. */
  async function dropStale(entry: OutboxEntry): Promise<boolean> {
    const states = await Promise.all(
      (entry.files ?? []).map(async ({ key }) => ({ key, ...(await files.state(key)) })),
    )
    const done = states.filter(({ isDone }) => isDone === true)
    if (done.length === 0) return false
    const known = await announcements.find(done.map(({ attachmentId = '' }) => attachmentId))
    const stale = done.filter(({ attachmentId = '' }) => !known.has(attachmentId))
    for (const { key } of stale) await files.setState(key, undefined)
    return stale.length > 0
  }

  async function uploadFile(
    { key, attachment }: OutboxFile,
    chatId: string,
    stop: AbortSignal,
  ): Promise<string> {
    const onProgress = (sentBytes: number): void => progress.set(chatId, key, sentBytes)
    const before = await files.state(key)
    const isUsable = before !== undefined && Date.parse(before.expiresAt) > Date.now() + EXPIRY_MARGIN_MS
    const state = isUsable ? before : await announcements.create(attachment)
    if (!isUsable) await files.setState(key, state)
    if (state.isDone) {
      onProgress(attachment.byteSize)
      return state.attachmentId
    }
    const bytes = await files.bytes(key)
    if (bytes === undefined)
      throw new ParleyError('FILE_LOST', `${attachment.fileName} is no longer on this device. Send it again.`)
    try {
      await sendFile({ url: state.url, bytes, isFresh: !isUsable, signal: stop, onProgress }, transport)
    } catch (error) {
      const { code, message } = error as ParleyError
      if (code !== 'NOT_FOUND' && code !== 'FORBIDDEN') throw error
      // The next attempt announces the file again.
      await files.setState(key, undefined)
      throw new ParleyError(code, message, { isRetryable: isUsable, cause: error })
    }
    await files.setState(key, { ...state, isDone: true })
    return state.attachmentId
  }

  /** Of several failures, the first counts: it may be the reason of the others. */
  async function uploadAll(
    { chatId, files: all = [] }: OutboxEntry,
    stop: AbortController,
  ): Promise<readonly string[]> {
    const ids: string[] = []
    const failures: unknown[] = []
    const waiting = all.entries()
    // Each worker takes the next file that no other has taken.
    const work = async (): Promise<void> => {
      for (const [index, file] of waiting) {
        if (failures.length > 0) return
        ids[index] = await uploadFile(file, chatId, stop.signal)
      }
    }
    const fail = (error: unknown): void => {
      failures.push(error)
      if (!(error instanceof ParleyError) || isDefinite(error)) stop.abort()
    }
    await Promise.all(Array.from({ length: AT_ONCE }, () => work().catch(fail)))
    if (failures.length > 0) throw failures[0]
    return ids
  }

  return {
    add(blobs) {
      const added = add(blobs)
      // The outbox waits for it later, after what is stored before.
      added.catch(() => undefined)
      return added
    },
    isUploading: ({ clientMessageId, files: own }) => own !== undefined && !uploaded.has(clientMessageId),
    async upload(entry) {
      const stop = new AbortController()
      running.set(entry.clientMessageId, stop)
      previews.track(entry)
      try {
        if (await dropStale(entry)) uploaded.delete(entry.clientMessageId)
        const ids = await uploadAll(entry, stop)
        uploaded.add(entry.clientMessageId)
        return ids
      } catch (error) {
        // A discarded message: the outbox goes on with the next at once.
        if (!previews.isTracked(entry))
          throw new ParleyError('DISCARDED', 'Discarded.', { isRetryable: true, retryAfterMs: 0 })
        if (!(error instanceof ParleyError) || !isDefinite(error)) throw error
        throw new ParleyError(error.code, error.message, { cause: error })
      } finally {
        running.delete(entry.clientMessageId)
      }
    },
    show(entry) {
      const { files: shown, id, error } = entry as OutboxEntry & Readonly<{ id?: string }>
      if (shown === undefined) return undefined
      previews.track(entry)
      const attachments: readonly Attachment[] = previews.show(entry)
      const isPending = id === undefined && error === undefined
      return { attachments, uploadProgress: isPending ? progress.of(shown) : undefined }
    },
  }
}
