import type { Client } from '@urql/core'
import {
  type Chat,
  CHATS,
  type ChatsData,
  INBOX,
  type InboxData,
  type InboxEvent,
  type LogEvent,
  MARK_DELIVERED,
} from './documents.ts'
import { Positions } from './positions.ts'

/** Where an app keeps what it shows. */
export type Store = Readonly<{
  /** Puts the chats in the place of what was there. */
  fill(chats: readonly Chat[]): void
  /** Takes an event that is new. */
  apply(event: LogEvent): void
}>

/** Fills the store with the person's chats, and keeps it as the server has them. */
export function followInbox(client: Client, deviceId: string, store: Store): void {
  const positions = new Positions(async (list) => {
    const { error } = await client.mutation(MARK_DELIVERED, { deviceId, positions: list })
    if (error) throw error
  })
  let isStarted = false

  /** Subscribe first, query then: each event waits for the one before it, and so for the query's answer. */
  function follow(): void {
    let turn = Promise.resolve()
    let isOver = false
    const { unsubscribe } = client
      .subscription<InboxData>(INBOX, { deviceId })
      .subscribe(({ data, error }) => {
        turn = turn.then(async () => {
          if (isOver) return
          try {
            // urql leaves the last data beside an error.
            if (error !== undefined || data === undefined) throw error
            await take(data.inbox)
          } catch (reason) {
            console.error('The inbox ended:', reason)
            isOver = true
            unsubscribe()
            // The device id makes the server send again what was not acknowledged.
            setTimeout(follow, 1_000)
          }
        })
      })
  }

  async function take(event: InboxEvent): Promise<void> {
    if (event.__typename === 'InboxReset') isStarted = false
    else if (event.__typename === 'CaughtUp' && !isStarted) await start()
    else if ('seq' in event && isStarted && positions.advance(event.chat.id, event.seq)) store.apply(event)
  }

  /** What is queried now includes whatever came before CaughtUp. */
  async function start(): Promise<void> {
    const { data, error } = await client.query<ChatsData>(CHATS, {}, { requestPolicy: 'network-only' })
    if (data === undefined) throw error
    const chats = data.chats.edges.map(({ node }) => node)
    store.fill(chats)
    for (const { id, headSeq } of chats) positions.advance(id, headSeq)
    isStarted = true
  }

  follow()
}
