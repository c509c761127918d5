import { CHATS, HEADS } from '../graphql/documents.ts'
import { type InboxData, isEvent, type SummaryData } from '../graphql/responses.ts'
import { getOrCreate } from '../lib/get-or-create.ts'
import { type ChatSync, type ChatSyncDependencies, createChatSync } from './chat-sync.ts'
import { createCounts } from './counts.ts'
import { type Page, readPages } from './pages.ts'

export type Sync = Readonly<{
  /** Whether the model holds all chats of the viewer. */
  isReady(): boolean
  chat(chatId: string): ChatSync
  /** Takes an item of the inbox in. */
  receive(item: InboxData): void
  /** Resolves when the model holds what the server holds. Queries the snapshot if there is none yet. */
  catchUp(): Promise<void>
  /** Compares the heads of all chats with the server's, and reads what is missing. */
  verify(): Promise<void>
  /** Reads the open chats anew whose receipts are not replayed: those of more members than `members`. */
  refreshLarge(members: number): void
}>

export type SyncDependencies = Omit<ChatSyncDependencies, 'isReset' | 'requestCounts'> &
  Readonly<{
    /** The server has reset the inbox. */
    onReset(): void
  }>

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
export function createSync(dependencies: SyncDependencies): Sync {
  const { model, request, onReset } = dependencies
  const chats = new Map<string, ChatSync>()
  const requestCounts = createCounts({
    ...dependencies,
    apply: (counts) => chat(counts.id).takeCounts(counts),
  })
  let state: 'empty' | 'ready' | 'reset' = 'empty'
  let snapshot: Promise<void> | undefined
  /** Counts resets: a snapshot that began before the newest one is worthless. */
  let epoch = 0

  function chat(chatId: string): ChatSync {
    return getOrCreate(chats, chatId, () => {
      const isReset = (): boolean => state === 'reset'
      const created = createChatSync(chatId, { ...dependencies, isReset, requestCounts })
      if (state !== 'ready') created.hold()
      return created
    })
  }

  function reset(): void {
    epoch += 1
    state = 'reset'
    onReset()
    // Chats from storage have no sync of their own yet.
    for (const chatId of model.ids()) chat(chatId)
    for (const known of chats.values()) known.hold()
  }

  async function readSnapshot(): Promise<void> {
    const begun = epoch
    const released = new Map<string, Promise<void>>()
    await readAll(CHATS, (data: SummaryData) => {
      if (begun === epoch) released.set(data.id, chat(data.id).release(data))
    })
    if (begun !== epoch) return
    const unlisted = [...chats].filter(([chatId]) => !released.has(chatId))
    await Promise.all([...released.values(), ...unlisted.map(([, known]) => known.releaseUnlisted())])
    if (begun === epoch) state = 'ready'
  }

  function readAll(document: string, take: (node: never) => void): Promise<void> {
    type Data = Readonly<{ chats: Page<never> }>
    return readPages(async (after) => (await request<Data>(document, { after })).chats, take)
  }

  async function catchUp(): Promise<void> {
    while (state !== 'ready') {
      snapshot ??= readSnapshot().finally(() => (snapshot = undefined))
      await snapshot
    }
  }

  return {
    isReady: () => state === 'ready',
    chat,
    receive(item) {
      if (isEvent(item) || item.__typename === 'ReceiptAdvanced') return chat(item.chat.id).receive(item)
      // Ignores a type that is newer than this client, and is not an event of a chat log.
      if (item.__typename === 'TypingChanged') model.setTyping(item.chat.id, item.user, item.typing)
      else if (item.__typename === 'CaughtUp') model.noteServerTime(item.at)
      // oxlint-disable-next-line typescript/no-unnecessary-condition -- a later server has more types.
      else if (item.__typename === 'InboxReset') reset()
    },
    catchUp,
    async verify() {
      await catchUp()
      await readAll(HEADS, ({ id, headSeq }: Readonly<{ id: string; headSeq: number }>) =>
        chat(id).expect(headSeq),
      )
    },
    refreshLarge(members) {
      for (const [chatId, known] of chats) {
        if ((model.get(chatId)?.memberCount ?? 0) > members) known.refresh()
      }
    },
  }
}
