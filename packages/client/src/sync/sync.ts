import { CHATS, HEADS } from '../graphql/documents.ts'
import type { Request } from '../graphql/http.ts'
import { type EventData, type InboxData, isEvent, type SummaryData } from '../graphql/responses.ts'
import type { Model } from '../model/model.ts'
import { ChatSync } from './chat-sync.ts'
import { createCounts } from './counts.ts'
import { type Page, readPages } from './pages.ts'

/*
 * Keeps the model in step with the server. The order at a start is what makes it free of races:
 *
 * 1. Subscribe to the inbox. From here on no event can be missed; chat events wait, chat by chat.
 * 2. At CaughtUp, query the snapshot: all chats, page by page. A chat that moves between two pages while they are read
 *    is not lost: the event that moved it waits, and the chat is queried by itself.
 * 3. Release each chat: events that its snapshot holds already are dropped by seq, the others are applied.
 *
 * A lost connection needs none of this: the server replays what the device has not acknowledged. InboxReset does: then
 * everything that is known may be wrong, positions included, and the snapshot replaces it.
 */
export class Sync {
  readonly #deps: SyncDependencies
  readonly #chats = new Map<string, ChatSync>()
  readonly #requestCounts: (chatId: string) => void
  #state: 'empty' | 'ready' | 'reset' = 'empty'
  #snapshot: Promise<void> | undefined
  /** Counts resets: a snapshot that began before the newest one is worthless. */
  #epoch = 0

  constructor(dependencies: SyncDependencies) {
    this.#deps = dependencies
    const { request, signal, onError } = dependencies
    const apply: Parameters<typeof createCounts>[0]['apply'] = (counts) =>
      this.chat(counts.id).applyCounts(counts)
    this.#requestCounts = createCounts({ request, signal, onError, apply })
  }

  get isReady(): boolean {
    return this.#state === 'ready'
  }

  chat(chatId: string): ChatSync {
    const known = this.#chats.get(chatId)
    if (known !== undefined) return known
    const { model, request, pageSize, signal, onEvent, onHead, onError } = this.#deps
    const chat = new ChatSync(chatId, {
      model,
      request,
      pageSize,
      signal,
      onEvent,
      onHead,
      onError,
      isReset: () => this.#state === 'reset',
      requestCounts: this.#requestCounts,
    })
    this.#chats.set(chatId, chat)
    if (this.#state !== 'ready') chat.hold()
    return chat
  }

  /** Takes an item of the inbox in. */
  receive(item: InboxData): void {
    const { model } = this.#deps
    if (isEvent(item)) return this.chat(item.chat.id).receive(item)
    switch (item.__typename) {
      case 'ReceiptAdvanced':
        return this.chat(item.chat.id).receive(item)
      case 'TypingChanged':
        if (item.user.id !== model.viewerId) model.setTyping(item.chat.id, item.user, item.typing)
        return
      case 'CaughtUp':
        return model.noteServerTime(item.at)
      case 'InboxReset':
        return this.#reset()
      default:
        // A type that is newer than this client, and is not an event of a chat log.
        return
    }
  }

  /** Resolves when the model holds what the server holds. Queries the snapshot if there is none yet. */
  async catchUp(): Promise<void> {
    while (this.#state !== 'ready') {
      this.#snapshot ??= this.#readSnapshot().finally(() => (this.#snapshot = undefined))
      await this.#snapshot
    }
  }

  /** Compares the heads of all chats with the server's, and reads what is missing. */
  async verify(): Promise<void> {
    await this.catchUp()
    await this.#pages(HEADS, ({ id, headSeq }: Readonly<{ id: string; headSeq: number }>) =>
      this.chat(id).expect(headSeq),
    )
  }

  /** Reads the open chats anew whose receipts are not replayed: those of more members than `members`. */
  refreshLarge(members: number): void {
    for (const [chatId, chat] of this.#chats) {
      if ((this.#deps.model.get(chatId)?.memberCount ?? 0) > members) chat.refresh()
    }
  }

  #reset(): void {
    this.#epoch += 1
    this.#state = 'reset'
    this.#deps.onReset()
    // Chats from storage have no sync of their own yet.
    for (const chatId of this.#deps.model.ids()) this.chat(chatId)
    for (const chat of this.#chats.values()) chat.hold()
  }

  async #readSnapshot(): Promise<void> {
    const epoch = this.#epoch
    const released = new Map<string, Promise<void>>()
    await this.#pages(CHATS, (data: SummaryData) => {
      if (epoch === this.#epoch) released.set(data.id, this.chat(data.id).release(data))
    })
    if (epoch !== this.#epoch) return
    const unlisted = [...this.#chats].filter(([chatId]) => !released.has(chatId))
    await Promise.all([...released.values(), ...unlisted.map(([, chat]) => chat.releaseUnlisted())])
    if (epoch === this.#epoch) this.#state = 'ready'
  }

  #pages(document: string, take: (node: never) => void): Promise<void> {
    const { request } = this.#deps
    type Data = Readonly<{ chats: Page<never> }>
    return readPages(async (after) => (await request<Data>(document, { after })).chats, take)
  }
}

export type SyncDependencies = Readonly<{
  model: Model
  /** Repeats what may succeed later. */
  request: Request
  pageSize: number
  signal: AbortSignal
  /** An event was applied. */
  onEvent(event: EventData): void
  /** Everything of the chat up to `headSeq` was read, other than by events. */
  onHead(chatId: string, headSeq: number): void
  /** The server has reset the inbox. */
  onReset(): void
  onError(error: unknown): void
}>
