import type { ClientStorage, Message, OutgoingMessage, QuotedMessage, User } from '../api.ts'
import { ParleyError } from '../errors.ts'
import { SEND } from '../graphql/documents.ts'
import type { Request } from '../graphql/http.ts'
import type { MessageData } from '../graphql/responses.ts'
import { backoffMs, pause } from '../lib/backoff.ts'
import { isEqual } from '../lib/equal.ts'
import { UNSENT } from '../model/view.ts'
import { randomId } from '../lib/random-id.ts'

/** A message that waits to be sent, as it is in storage. */
export type OutboxEntry = Readonly<{
  /** Storage key. Keys sort in the order of `send`. */
  key: string
  chatId: string
  clientMessageId: string
  body: string | null
  replyToId: string | undefined
  createdAt: number
  /** Set once the server has refused the message for good. */
  error: Readonly<{ code: string; message: string }> | undefined
}>

/** A message that the server has stored, until its event arrives. */
export type Confirmed = Readonly<{ entry: OutboxEntry; id: string; seq: number; sentAt: string }>

type Dependencies = Readonly<{
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

const BACKOFF = { firstMs: 250, maxMs: 5_000 }

/*
 * Messages on their way to the server. An entry is in storage before `send` resolves, and leaves it once the server has
 * answered, or once its event has arrived, which proves the same. In between it is sent again and again with the same
 * key: the server stores it once. One message of a chat is under way at a time, so their order is the order of `send`.
 *
 * Several tabs share the entries; the tab that holds the inbox sends them all.
 */
export class Outbox {
  readonly #deps: Dependencies
  #entries: readonly OutboxEntry[] = []
  readonly #confirmed = new Map<string, Confirmed>()
  readonly #sending = new Set<string>()
  #isSender = false
  #isOnline = false
  #lastKey = 0
  /** Storage is read and written by one at a time, so that entries appear in the order of `send`. */
  #busy: Promise<unknown> = Promise.resolve()

  constructor(dependencies: Dependencies) {
    this.#deps = dependencies
  }

  /** Reads the entries from storage, as they are after another tab has changed them. */
  async load(): Promise<void> {
    await this.#exclusively(() => this.#load())
    this.#sendAll()
  }

  /** Whether this tab sends, and whether there is a connection to send over. */
  setSender(isSender: boolean, isOnline: boolean): void {
    this.#isSender = isSender
    this.#isOnline = isOnline
    this.#sendAll()
  }

  /** `clientMessageId` is set if the app has chosen the key. A key that waits already is not added again. */
  async add(
    chatId: string,
    { body, replyToId, attachments = [] }: OutgoingMessage,
    clientMessageId = randomId(),
  ): Promise<OutboxEntry> {
    const known = this.#find(clientMessageId)
    if (known !== undefined) return known
    if (attachments.length > 0)
      throw new ParleyError('FORBIDDEN', 'This server does not support attachments.')
    if (body === undefined || body.trim() === '') {
      throw new ParleyError('BAD_USER_INPUT', 'A message needs a body. Set `body` to some text.')
    }
    const entry: OutboxEntry = {
      key: `${this.#deps.prefix}${this.#nextKey()}-${clientMessageId}`,
      chatId,
      clientMessageId,
      body,
      replyToId,
      createdAt: Date.now(),
      error: undefined,
    }
    await this.#store(entry)
    return entry
  }

  retry(clientMessageId: string): void {
    const entry = this.#find(clientMessageId)
    if (entry?.error === undefined) return
    this.#store({ ...entry, error: undefined }).catch(this.#deps.onError)
  }

  discard(clientMessageId: string): void {
    const entry = this.#find(clientMessageId)
    const isUnderWay = entry !== undefined && entry.error === undefined && this.#sending.has(entry.chatId)
    if (entry === undefined || (isUnderWay && this.#next(entry.chatId) === entry)) return
    this.#delete(entry).catch(this.#deps.onError)
  }

  /** The event of the message has arrived: it is stored, whatever became of the answer. */
  noteLogged(clientMessageId: string): void {
    const entry = this.#find(clientMessageId)
    this.#confirmed.delete(clientMessageId)
    if (entry !== undefined) this.#delete(entry).catch(this.#deps.onError)
  }

  /** Another tab has sent a message. */
  noteSent(confirmed: Confirmed): void {
    this.#confirmed.set(confirmed.entry.clientMessageId, confirmed)
    this.#deps.onChanged(confirmed.entry.chatId)
  }

  /** The messages of a chat that its log, which is known up to `headSeq`, does not hold yet. */
  unsentIn(
    chatId: string,
    headSeq: number,
    viewer: User,
    quote: (id: string) => QuotedMessage | null,
  ): readonly Message[] {
    const confirmed = [...this.#confirmed.values()]
      .filter(({ entry, seq }) => entry.chatId === chatId && seq > headSeq)
      .map(({ entry, id, seq, sentAt }) => ({
        ...toMessage(entry, viewer, quote),
        id,
        seq,
        sentAt: new Date(sentAt),
        status: 'sent' as const,
      }))
    const waiting = this.#entries
      .filter((entry) => entry.chatId === chatId && !this.#confirmed.has(entry.clientMessageId))
      .map((entry) => toMessage(entry, viewer, quote))
    return [...confirmed, ...waiting]
  }

  /** The log is known up to `headSeq`: what was sent up to there is part of it. */
  noteHead(chatId: string, headSeq: number): void {
    for (const [key, { entry, seq }] of this.#confirmed) {
      if (entry.chatId === chatId && seq <= headSeq) this.#confirmed.delete(key)
    }
  }

  #sendAll(): void {
    if (!this.#isSender || !this.#isOnline) return
    for (const chatId of new Set(this.#entries.map((entry) => entry.chatId))) void this.#sendChat(chatId)
  }

  async #sendChat(chatId: string): Promise<void> {
    if (this.#sending.has(chatId)) return
    this.#sending.add(chatId)
    try {
      for (let failures = 0; this.#isSender && this.#isOnline && !this.#deps.signal.aborted;) {
        // Another tab may have stored a message before this tab stored its own.
        if (this.#deps.storage.joinTabs !== undefined) await this.#exclusively(() => this.#load())
        const entry = this.#next(chatId)
        if (entry === undefined) return
        const waitMs = await this.#send(entry, failures)
        failures = waitMs === 0 ? 0 : failures + 1
        await pause(waitMs, this.#deps.signal)
      }
    } catch (error) {
      this.#deps.onError(error)
    } finally {
      this.#sending.delete(chatId)
    }
  }

  /** Returns how long to wait before the next attempt, in milliseconds; 0: this entry is done. */
  async #send(entry: OutboxEntry, failures: number): Promise<number> {
    const { chatId, clientMessageId, body, replyToId } = entry
    try {
      const input = { chatId, clientMessageId, body, replyToId }
      const { sendMessage } = await this.#deps.request<{ sendMessage: { message: MessageData } }>(SEND, {
        input,
      })
      const { id, seq, sentAt } = sendMessage.message
      // The event may have overtaken the answer; then the entry is gone already.
      if (this.#find(clientMessageId) !== undefined) {
        const confirmed = { entry, id, seq, sentAt }
        this.#confirmed.set(clientMessageId, confirmed)
        this.#deps.onSent(confirmed)
        await this.#delete(entry)
      }
      return 0
    } catch (error) {
      if (error instanceof ParleyError && error.isRetryable) {
        return error.retryAfterMs ?? backoffMs(failures, BACKOFF, Math.random())
      }
      // The connection is about to find out that the token is refused. The message waits for the next one.
      if (error instanceof ParleyError && error.code === 'UNAUTHENTICATED') return BACKOFF.maxMs
      if (!(error instanceof ParleyError)) throw error
      await this.#store({ ...entry, error: { code: error.code, message: error.message } })
      return 0
    }
  }

  #next(chatId: string): OutboxEntry | undefined {
    return this.#entries.find((entry) => entry.chatId === chatId && entry.error === undefined)
  }

  #find(clientMessageId: string): OutboxEntry | undefined {
    return this.#entries.find((entry) => entry.clientMessageId === clientMessageId)
  }

  #exclusively(work: () => Promise<void>): Promise<void> {
    const done = this.#busy.then(work)
    this.#busy = done.catch(() => undefined)
    return done
  }

  async #load(): Promise<void> {
    const { storage, prefix, onChanged } = this.#deps
    const keys = await storage.keys(prefix)
    const before = new Map(this.#entries.map((entry) => [entry.key, entry]))
    const entries = await Promise.all(keys.map((key) => storage.get<OutboxEntry>(key)))
    this.#entries = entries.filter((entry) => entry !== undefined)
    const isSame =
      before.size === this.#entries.length &&
      this.#entries.every(({ key, error }) => isEqual(before.get(key)?.error, error))
    if (isSame) return
    for (const { chatId } of [...before.values(), ...this.#entries]) onChanged(chatId)
  }

  async #store(entry: OutboxEntry): Promise<void> {
    await this.#exclusively(async () => {
      await this.#deps.storage.write(new Map([[entry.key, entry]]))
      const others = this.#entries.filter(({ key }) => key !== entry.key)
      this.#entries = [...others, entry].sort((a, b) => (a.key < b.key ? -1 : 1))
    })
    this.#changed(entry.chatId)
  }

  async #delete(entry: OutboxEntry): Promise<void> {
    // Hidden at once; the entry goes as soon as storage lets it.
    this.#entries = this.#entries.filter(({ key }) => key !== entry.key)
    this.#deps.onChanged(entry.chatId)
    await this.#exclusively(async () => {
      await this.#deps.storage.write(new Map([[entry.key, undefined]]))
      this.#entries = this.#entries.filter(({ key }) => key !== entry.key)
    })
    this.#changed(entry.chatId)
  }

  #changed(chatId: string): void {
    this.#deps.onChanged(chatId)
    this.#deps.onStored()
    this.#sendAll()
  }

  /** Rises with every call, also if the clock stands still, or has gone back since the last entry was made. */
  #nextKey(): string {
    const newest = this.#entries.at(-1)?.key.slice(this.#deps.prefix.length) ?? ''
    this.#lastKey = Math.max(this.#lastKey, Number.parseInt(newest, 10) || 0, Date.now() * 1_000 - 1) + 1
    return String(this.#lastKey).padStart(17, '0')
  }
}

function toMessage(entry: OutboxEntry, sender: User, quote: (id: string) => QuotedMessage | null): Message {
  const { clientMessageId, body, replyToId, createdAt, error } = entry
  return {
    ...UNSENT,
    clientMessageId,
    sender,
    body,
    replyTo: replyToId === undefined ? null : quote(replyToId),
    sentAt: new Date(createdAt),
    status: error === undefined ? 'pending' : 'failed',
    error,
  }
}
