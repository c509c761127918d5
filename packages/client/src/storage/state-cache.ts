import type { User } from '../api.ts'
import type { ChatRecord, MessageRecord } from '../model/records.ts'
import type { ClientParts } from '../session/parts.ts'

/** Messages of a chat that are kept for the next start. */
const MAX_MESSAGES = 50
/** Changes are collected this long, in milliseconds. */
const WRITE_AFTER_MS = 500

/** A chat in storage, with the users that it names. */
export type Saved = Readonly<{ chat: ChatRecord; users: readonly User[] }>

export type StateCache = Readonly<{
  /** Shows what storage holds. */
  load(): Promise<void>
  /** These chats have changed. */
  note(chatIds: Iterable<string>): void
  /** Writes what has changed. Never rejects. */
  flush(): Promise<void>
}>

/**
 * Keeps the newest state of each chat in storage, so that the next start shows something at once, also without a
 * connection. It is only ever shown until the snapshot replaces it, so nothing depends on its being complete.
 */
export function createStateCache(
  { storage, model, onError }: Pick<ClientParts, 'storage' | 'model' | 'onError'>,
  prefix: string,
): StateCache {
  const changed = new Set<string>()
  let timer: ReturnType<typeof setTimeout> | undefined

  async function flush(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    const changes = new Map([...changed].map((chatId) => [prefix + chatId, savedOf(chatId)]))
    changed.clear()
    if (changes.size > 0) await storage.write(changes).catch(onError)
  }

  function savedOf(chatId: string): Saved | undefined {
    const record = model.get(chatId)
    if (record === undefined) return undefined
    const isWhole = record.messages.length <= MAX_MESSAGES
    const messages = record.messages.slice(-MAX_MESSAGES)
    // The cursor belongs to the oldest message: without that, the page has to be loaded again.
    const chat = isWhole ? record : { ...record, messages, isLoaded: false, olderCursor: null }
    const shown = [...messages, record.lastMessage].flatMap((message) =>
      message === null ? [] : userIdsOf(message),
    )
    const ids = new Set([...Object.keys(chat.members), ...shown])
    return { chat, users: [...ids].map(model.user) }
  }

  return {
    async load() {
      const keys = await storage.keys(prefix)
      for (const saved of await Promise.all(keys.map((key) => storage.get<Saved>(key)))) {
        if (saved === undefined) continue
        for (const user of saved.users) model.noteUser(user)
        if (model.get(saved.chat.id) === undefined) model.set(saved.chat)
      }
    },
    note(chatIds) {
      for (const chatId of chatIds) changed.add(chatId)
      timer ??= setTimeout(() => void flush(), WRITE_AFTER_MS)
    },
    flush,
  }
}

function userIdsOf({ senderId, replyTo, reactions }: MessageRecord): readonly string[] {
  return [senderId, replyTo?.senderId ?? senderId, ...reactions.flatMap(({ userIds }) => userIds)]
}
