import type { ClientStorage, Message, OutgoingMessage, User } from '../api.ts'
import { ParleyError } from '../errors.ts'
import { SEND } from '../graphql/documents.ts'
import type { Request } from '../graphql/http.ts'
import type { MessageData } from '../graphql/responses.ts'
import { pause, REQUEST_BACKOFF, requestWaitMs } from '../lib/backoff.ts'
import { randomId } from '../lib/random-id.ts'
import type { Model } from '../model/model.ts'
import type { ChatRecord } from '../model/records.ts'
import { UNSENT } from '../model/view.ts'
import type { OpenUploads } from '../uploads/open-uploads.ts'
import { createEntries, type OutboxEntry } from './entries.ts'

/** A message that the server has stored, until its event arrives. */
export type Confirmed = OutboxEntry & Readonly<{ id: string; seq: number; sentAt: string }>

export type Outbox = Readonly<{
  /** Reads the entries from storage, as they are after another tab has changed them. */
  load(): Promise<void>
  /** Whether this tab sends, and whether there is a connection to send over. */
  setSender(isSender: boolean, isOnline: boolean): void
  /** Resolves once the message is in storage. A `clientMessageId` that waits already is not added again. */
  add(
    chatId: string,
    message: OutgoingMessage & Readonly<{ attachmentIds?: readonly string[] }>,
    clientMessageId?: string,
  ): Promise<string>
  /** Sends a failed message again. */
  retry(clientMessageId: string): void
  /** Drops a message, unless it is being sent. Its upload ends. */
  discard(clientMessageId: string): void
  /** The event of the message has arrived: it is stored, whatever became of the answer. */
  noteLogged(clientMessageId: string): void
  /** Another tab has sent a message. */
  noteSent(confirmed: Confirmed): void
  /** The log is known up to `headSeq`: what was sent up to there is part of it. */
  noteHead(chatId: string, headSeq: number): void
  /** The messages of a chat that its log, as far as it is known, does not hold yet. */
  unsentIn(chat: ChatRecord, viewerId: string, user: (id: string) => User): readonly Message[]
}>

type Dependencies = Readonly<{
  /** Uploads the files of messages. Undefined: messages have none. */
  uploads?: OpenUploads | undefined
  model: Model
  storage: ClientStorage
  /** Prefix of the keys; ends with a slash. */
  prefix: string
  request: Request
  signal: AbortSignal
  /** The messages of a chat that are not in its log changed. */
  onChanged(chatId: string): void
  /** The stored entries changed; other tabs have to look. */
  onStored(): void
  /** The server has stored a message; other tabs show it until its event arrives. */
  onSent(confirmed: Confirmed): void
  onError(error: unknown): void
}>

/*
 * Messages on their way to the server. An entry is in storage before `send` resolves, and leaves it once the server has
 * answered, or once its event has arrived, which proves the same. In between it is sent again and again with the same
 * key: the server stores it once. One message of a chat is under way at a time, so their order is the order of `send`.
 *
 * Several tabs share the entries; the tab that holds the inbox sends them all.
 */
export function createOutbox(dependencies: Dependencies): Outbox {
  const { storage, request, signal, onChanged, onStored, onSent, onError } = dependencies
  const entries = createEntries(dependencies)
  const uploads = dependencies.uploads?.(dependencies)
  const confirmed = new Map<string, Confirmed>()
  const sending = new Set<string>()
  let isActive = false
  const canSend = (): boolean => isActive && !signal.aborted

  function sendAll(): void {
    for (const { chatId } of entries.all()) void sendChat(chatId)
  }

  async function sendChat(chatId: string): Promise<void> {
    if (!canSend() || sending.has(chatId)) return
    sending.add(chatId)
    for (let failures = 0; canSend();) {
      let waitMs: number
      try {
        // Another tab may have stored a message before this tab stored its own.
        if (storage.joinTabs !== undefined) await entries.load()
        const entry = next(chatId)
        if (entry === undefined) break
        waitMs = await send(entry, failures)
      } catch (error) {
        // A failure of the storage, which does not keep the chat's other messages back.
        if (!signal.aborted) onError(error)
        waitMs = requestWaitMs(failures)
      }
      failures = waitMs && failures + 1
      await pause(waitMs, signal)
    }
    sending.delete(chatId)
  }

  /** Returns how long to wait before the next attempt, in milliseconds; 0: this entry is done. */
  async function send(entry: OutboxEntry, failures: number): Promise<number> {
    const { chatId, clientMessageId, body, replyToId } = entry
    try {
      type Data = { sendMessage: { message: MessageData } }
      const attachmentIds = entry.files ? await uploads?.upload(entry) : entry.attachmentIds
      const input = { chatId, clientMessageId, body, replyToId, attachmentIds }
      const { id, seq, sentAt } = (await request<Data>(SEND, { input })).sendMessage.message
      // The event may have overtaken the answer; then the entry is gone already.
      if (entries.find(clientMessageId) !== undefined) {
        const sent = { ...entry, id, seq, sentAt }
        confirmed.set(clientMessageId, sent)
        onSent(sent)
        await stored(entries.remove(entry))
      }
      return 0
    } catch (error) {
      if (!(error instanceof ParleyError)) throw error
      const { code, message, isRetryable, retryAfterMs } = error
      if (isRetryable) return retryAfterMs ?? requestWaitMs(failures)
      // The connection is about to find out that the token is rejected. The message waits for the next one.
      if (code === 'UNAUTHENTICATED') return REQUEST_BACKOFF.maxMs
      await stored(entries.replace({ ...entry, error: { code, message } }))
      return 0
    }
  }

  function next(chatId: string): OutboxEntry | undefined {
    return entries.all().find((entry) => entry.chatId === chatId && entry.error === undefined)
  }

  async function stored(change: Promise<void>): Promise<void> {
    await change
    onStored()
    sendAll()
  }

  async function load(): Promise<void> {
    await entries.load()
    sendAll()
  }

  return {
    load,
    setSender(isSender, isOnline) {
      isActive = isSender && isOnline
      sendAll()
    },
    async add(chatId, { body, replyToId, attachments = [], attachmentIds }, clientMessageId = randomId()) {
      if (entries.find(clientMessageId) !== undefined) return clientMessageId
      const files = attachments.length > 0 ? uploads?.add(attachments) : undefined
      if (attachments.length > 0 ? !files : !attachmentIds && !body?.trim())
        throw new ParleyError('BAD_USER_INPUT', 'Pass a body, or files with `uploads`.')
      const createdAt = Date.now()
      await stored(entries.add({ chatId, clientMessageId, body, replyToId, attachmentIds, files, createdAt }))
      return clientMessageId
    },
    retry(clientMessageId) {
      const entry = entries.find(clientMessageId)
      if (entry?.error !== undefined) stored(entries.replace({ ...entry, error: undefined })).catch(onError)
    },
    discard(clientMessageId) {
      const entry = entries.find(clientMessageId)
      const isSending = entry !== undefined && sending.has(entry.chatId) && next(entry.chatId) === entry
      if (isSending && uploads?.isUploading(entry) !== true) return
      if (entry !== undefined) stored(entries.remove(entry)).catch(onError)
    },
    noteLogged(clientMessageId) {
      const entry = entries.find(clientMessageId)
      confirmed.delete(clientMessageId)
      if (entry !== undefined) stored(entries.remove(entry)).catch(onError)
    },
    noteSent(sent) {
      confirmed.set(sent.clientMessageId, sent)
      onChanged(sent.chatId)
    },
    noteHead(chatId, headSeq) {
      for (const sent of confirmed.values()) {
        if (sent.chatId === chatId && sent.seq <= headSeq) confirmed.delete(sent.clientMessageId)
      }
    },
    unsentIn({ id, headSeq, messages }, viewerId, user) {
      // The log may be read before the answer arrives, which a message then waits for still.
      const isLogged = ({ clientMessageId: key }: OutboxEntry): boolean =>
        messages.some(({ clientMessageId, senderId }) => clientMessageId === key && senderId === viewerId)
      const sent = [...confirmed.values()].filter(({ seq }) => seq > headSeq)
      const waiting = entries.all().filter(({ clientMessageId }) => !confirmed.has(clientMessageId))
      return [...sent, ...waiting]
        .filter((entry) => entry.chatId === id && !isLogged(entry))
        .map((entry) => ({ ...toMessage(entry, messages, user(viewerId), user), ...uploads?.show(entry) }))
    },
  }
}

function toMessage(
  entry: OutboxEntry & Partial<Confirmed>,
  messages: ChatRecord['messages'],
  sender: User,
  user: (id: string) => User,
): Message {
  const { id, seq, clientMessageId, body = null, replyToId, sentAt, createdAt, error } = entry
  const quoted = messages.find((message) => message.id === replyToId)
  return {
    ...UNSENT,
    id,
    seq,
    clientMessageId,
    sender,
    body,
    replyTo: quoted ? { id: quoted.id, body: quoted.body, sender: user(quoted.senderId) } : null,
    sentAt: new Date(sentAt ?? createdAt),
    status: error ? 'failed' : id === undefined ? 'pending' : 'sent',
    error,
  }
}
