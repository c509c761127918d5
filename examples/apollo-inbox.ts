import { type ApolloClient, gql, type TypedDocumentNode } from '@apollo/client'
import { concatMap, retry, type Subscription } from 'rxjs'
import {
  CHATS,
  type ChatsData,
  INBOX,
  type InboxData,
  type InboxEvent,
  MARK_DELIVERED,
  type Message,
} from './hand-written/documents.ts'
import { Positions } from './hand-written/positions.ts'

export const CHATS_QUERY: TypedDocumentNode<ChatsData, object> = gql(CHATS)
const INBOX_SUBSCRIPTION: TypedDocumentNode<InboxData, { deviceId: string }> = gql(INBOX)

/** Fills the cache with the user's chats, and keeps it up to date. */
export function followInbox(client: ApolloClient, deviceId: string): Subscription {
  const positions = new Positions((list) =>
    client.mutate({ mutation: gql(MARK_DELIVERED), variables: { deviceId, positions: list } }),
  )
  let isStarted = false

  async function handle({ inbox }: InboxData): Promise<void> {
    if (inbox.__typename === 'InboxReset') isStarted = false
    else if (inbox.__typename === 'CaughtUp' && !isStarted) await start()
    else if (isStarted && (!('seq' in inbox) || positions.advance(inbox.chat.id, inbox.seq))) {
      // For edits, deletions, reactions and receipts, the cache finds the changed objects by their ids.
      write(inbox)
      // Lists do not grow by themselves. An unknown chat is new.
      if (inbox.__typename === 'MessageSent' && !append(client, inbox.chat.id, inbox.message)) await start()
    }
  }

  function write(inbox: InboxEvent): void {
    const [dataId, query] = ['ROOT_SUBSCRIPTION', INBOX_SUBSCRIPTION] as const
    client.cache.write({ dataId, query, variables: { deviceId }, result: { inbox } })
  }

  /** Queries the chats. The result includes every event before CaughtUp. */
  async function start(): Promise<void> {
    isStarted = false
    const { data } = await client.query({ query: CHATS_QUERY, fetchPolicy: 'network-only' })
    for (const { node } of data?.chats.edges ?? []) positions.advance(node.id, node.headSeq)
    isStarted = true
  }

  // Subscribe first, then query. concatMap makes later events wait for the query's result. no-cache keeps Apollo from
  // writing them at once: the result is older and would undo them.
  const subscription = client
    .subscribe({ query: INBOX_SUBSCRIPTION, variables: { deviceId }, fetchPolicy: 'no-cache' })
    .pipe(
      concatMap(async ({ data, error }) => {
        if (data === undefined) throw new Error('An event without data', { cause: error })
        await handle(data)
      }),
      // After any error, the device id makes the server replay everything that was not acknowledged.
      retry({ delay: 1_000 }),
    )
    .subscribe()
  subscription.add(() => positions.stop())
  return subscription
}

/** Appends a message to the list of its chat. Returns false if that chat was never queried. */
function append(client: ApolloClient, chatId: string, message: Message): boolean {
  return client.cache.modify({
    id: `Chat:${chatId}`,
    fields: {
      messages(list: unknown, { toReference }) {
        const { edges, ...rest } = list as { edges: readonly object[] }
        const edge = { __typename: 'MessageEdge', node: toReference(message) }
        return { ...rest, edges: [...edges, edge] }
      },
    },
  })
}
