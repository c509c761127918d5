import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Chat,
  CHATS,
  type ChatsData,
  INBOX,
  type InboxData,
  type LogEvent,
  MARK_DELIVERED,
} from './documents.ts'
import { Positions } from './positions.ts'

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
  fill(chats: readonly Chat[]): void
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
  const positions = new Positions((list) => api.mutate(MARK_DELIVERED, { deviceId, positions: list }))
  signal?.addEventListener('abort', () => positions.stop())
  let isStarted = false
  for (;;) {
    try {
      // Subscribe first, then query. Events that arrive while the loop's body waits are kept, in order.
      for await (const { inbox } of api.subscribe<InboxData>(INBOX, { deviceId })) {
        if (inbox.__typename === 'InboxReset') isStarted = false
        else if (inbox.__typename === 'CaughtUp') isStarted ||= await start()
        else if ('seq' in inbox && isStarted && positions.advance(inbox.chat.id, inbox.seq)) {
          store.apply(inbox)
        }
      }
    } catch (error) {
      console.error('The inbox ended:', error)
    }
    if (signal?.aborted === true) return
    // After any error, the device id makes the server replay everything that was not acknowledged.
    await sleep(1_000 * Math.random())
  }

  /** Queries the chats. The result includes every event before CaughtUp. */
  async function start(): Promise<true> {
    const { chats } = await api.query<ChatsData>(CHATS)
    store.fill(chats.edges.map(({ node }) => node))
    for (const { node } of chats.edges) positions.advance(node.id, node.headSeq)
    return true
  }
}
