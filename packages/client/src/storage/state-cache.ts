import type { ClientStorage, User } from '../api.ts'
import type { Model } from '../model/model.ts'
import type { ChatRecord } from '../model/records.ts'

/** Messages of a chat that are kept for the next start. */
const MAX_MESSAGES = 50
/** Changes are collected this long, in milliseconds. */
const WRITE_AFTER_MS = 500

type Saved = Readonly<{ chat: ChatRecord; users: readonly User[] }>

/**
 * Keeps the newest state of each chat in storage, so that the next start shows something at once, also without a
 * connection. It is only ever shown until the snapshot replaces it, so nothing depends on its being complete.
 */
export class StateCache {
  readonly #storage: ClientStorage
  readonly #prefix: string
  readonly #model: Model
  readonly #changed = new Set<string>()
  #timer: ReturnType<typeof setTimeout> | undefined
  readonly #onError: (error: unknown) => void

  constructor(storage: ClientStorage, prefix: string, model: Model, onError: (error: unknown) => void) {
    this.#storage = storage
    this.#prefix = prefix
    this.#model = model
    this.#onError = onError
  }

  async load(): Promise<void> {
    const keys = await this.#storage.keys(this.#prefix)
    const saved = await Promise.all(keys.map((key) => this.#storage.get<Saved>(key)))
    for (const state of saved) {
      if (state === undefined) continue
      for (const user of state.users) this.#model.noteUser(user)
      if (this.#model.get(state.chat.id) === undefined) this.#model.set(state.chat)
    }
  }

  note(chatIds: Iterable<string>): void {
    for (const chatId of chatIds) this.#changed.add(chatId)
    this.#timer ??= setTimeout(() => void this.flush(), WRITE_AFTER_MS)
  }

  async flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const changes = new Map([...this.#changed].map((chatId) => [this.#prefix + chatId, this.#saved(chatId)]))
    this.#changed.clear()
    if (changes.size > 0) await this.#storage.write(changes).catch(this.#onError)
  }

  #saved(chatId: string): Saved | undefined {
    const record = this.#model.get(chatId)
    if (record === undefined) return undefined
    const isWhole = record.messages.length <= MAX_MESSAGES
    const messages = record.messages.slice(-MAX_MESSAGES)
    // The cursor belongs to the oldest message: without that, the page has to be loaded again.
    const chat = isWhole ? record : { ...record, messages, isLoaded: false, olderCursor: null }
    const ids = new Set([
      ...chat.members.keys(),
      ...messages.flatMap(({ senderId, replyTo, reactions }) => [
        senderId,
        ...(replyTo === null ? [] : [replyTo.senderId]),
        ...reactions.flatMap(({ userIds }) => userIds),
      ]),
      ...(chat.lastMessage === null ? [] : [chat.lastMessage.senderId]),
    ])
    return { chat, users: [...ids].map(this.#model.user) }
  }
}
