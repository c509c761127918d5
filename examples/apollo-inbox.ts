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
} from './documents.ts'
import { Positions } from './positions.ts'

export const CHATS_QUERY: TypedDocumentNode<ChatsData, object> = gql(CHATS)
const INBOX_SUBSCRIPTION: TypedDocumentNode<InboxData, { deviceId: string }> = gql(INBOX)

/** Fills the cache with the person's chats, and keeps it as the server has them. */
export function followInbox(client: ApolloClient, deviceId: string): Subscription {
  const positions = new Positions((list) =>
    client.mutate({ mutation: gql(MARK_DELIVERED), variables: { deviceId, positions: list } }),
  )
  let isStarted = false

  async function take({ inbox }: InboxData): Promise<void> {
    if (inbox.__typename === 'InboxReset') isStarted = false
    else if (inbox.__typename === 'CaughtUp' && !isStarted) await start()
    else if (isStarted && (!('seq' in inbox) || positions.advance(inbox.chat.id, inbox.seq))) {
      // Edits, deletions, reactions and receipts: the cache finds by their ids what they change.
      write(inbox)
      // A list can't grow by itself; and a chat that isn't known has just begun.
      if (inbox.__typename === 'MessageSent' && !append(client, inbox.chat.id, inbox.message)) await start()
    }
  }

  function write(inbox: InboxEvent): void {
    const [dataId, query] = ['ROOT_SUBSCRIPTION', INBOX_SUBSCRIPTION] as const
    client.cache.write({ dataId, query, variables: { deviceId }, result: { inbox } })
  }

  /** What is queried now includes whatever came before CaughtUp. */
  async function start(): Promise<void> {
    isStarted = false
    const { data } = await client.query({ query: CHATS_QUERY, fetchPolicy: 'network-only' })
    for (const { node } of data?.chats.edges ?? []) positions.advance(node.id, node.headSeq)
    isStarted = true
  }

  // Subscribe first, query then. concatMap lets what comes meanwhile wait for the query's answer, and no-cache keeps
  // Apollo from writing it at once: the answer, which is older, would undo it.
  const subscription = client
    .subscribe({ query: INBOX_SUBSCRIPTION, variables: { deviceId }, fetchPolicy: 'no-cache' })
    .pipe(
      concatMap(async ({ data, error }) => {
        if (data === undefined) throw new Error('An event without data', { cause: error })
        await take(data)
      }),
      // Whatever went wrong: the device id makes the server send again what was not acknowledged.
      retry({ delay: 1_000 }),
    )
    .subscribe()
  subscription.add(() => positions.stop())
  return subscription
}

/** Puts a message at the end of its chat's list. False where that chat was never queried. */
function append(client: ApolloClient, chatId: string, message: Message): boolean {
  return client.cache.modify({
    id: `Chat:${chatId}`,
    fields: {
      messages(list: unknown, { toReference }) {
        const { edges, ...rest } = list as { edges: readonly object[] }
        const edge = { __typename: 'ChatMessagesConnectionEdge', node: toReference(message) }
        return { ...rest, edges: [...edges, edge] }
      },
    },
  })
}
