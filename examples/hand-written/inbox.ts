import * as documents from './documents.ts'
import type { Chat, ChatData, ChatsData, InboxData, LogEvent } from './documents.ts'
import { backoffMs, pause } from './pause.ts'
import { Positions } from './positions.ts'
import { OperationError } from './result.ts'

export type Variables = Record<string, unknown>

/** Any GraphQL client. All three functions throw if there is no data. */
export type Api = Readonly<{
  query<Data>(query: string, variables?: Variables): Promise<Data>
  mutate<Data>(query: string, variables?: Variables): Promise<Data>
  subscribe<Data>(query: string, variables?: Variables): AsyncIterable<Data>
}>

/** The state that an app shows. */
export type Store = Readonly<{
  /** Replaces the state with these chats. */
  replace(chats: readonly Chat[]): void
  /** Adds a chat that the state does not have yet. */
  add(chat: Chat): void
  /** Applies a new event. */
  apply(event: LogEvent): void
}>

/** Fills the store with the user's chats and keeps it up to date, until the signal fires. */
export async function followInbox(
  api: Api,
  deviceId: string,
  store: Store,
  signal?: AbortSignal,
): Promise<void> {
  const positions = new Positions((list) =>
    api.mutate(documents.MARK_DELIVERED, { deviceId, positions: list }),
  )
  signal?.addEventListener('abort', () => positions.stop())
  let isStarted = false
  for (let attempt = 1; ; attempt += 1) {
    let hintMs = 0
    try {
      // Subscribe first, then query. Events that arrive while the loop's body waits are kept, in order.
      for await (const { inbox } of api.subscribe<InboxData>(documents.INBOX, { deviceId })) {
        attempt = 1
        if (inbox.__typename === 'InboxReset') {
          // The logs may be older than before. Positions of the past would hide new events.
          isStarted = false
          positions.reset()
        } else if (inbox.__typename === 'CaughtUp') isStarted ||= await start()
        else if ('seq' in inbox && isStarted) await take(inbox)
      }
    } catch (error) {
      console.error('The inbox ended:', error)
      if (error instanceof OperationError) hintMs = error.retryAfterMs ?? 0
    }
    if (signal?.aborted === true) return
    // After any error, the device id makes the server replay everything that was not acknowledged.
    await pause(hintMs + backoffMs(attempt), signal)
  }

  /** Queries the chats, all pages. The result includes every event before CaughtUp. */
  async function start(): Promise<true> {
    const chats: Chat[] = []
    for (let after: string | null = null, hasMore = true; hasMore;) {
      const page: ChatsData = await api.query<ChatsData>(documents.CHATS, { after })
      chats.push(...page.chats.edges.map(({ node }) => node))
      after = page.chats.pageInfo.endCursor
      hasMore = page.chats.pageInfo.hasNextPage
    }
    store.replace(chats)
    for (const { id, headSeq } of chats) positions.advance(id, headSeq)
    return true
  }

  async function take(event: LogEvent): Promise<void> {
    const { id } = event.chat
    if (!positions.has(id)) {
      // The chat is new, or it became active and changed its page while the pages were read.
      const { chat } = await api.query<ChatData>(documents.CHAT, { id })
      if (chat !== null) {
        store.add(chat)
        positions.advance(id, chat.headSeq)
      }
    }
    if (positions.advance(id, event.seq)) store.apply(event)
  }
}
