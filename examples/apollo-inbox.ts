import { type ApolloClient, gql } from '@apollo/client'
import { concatMap, retry, type Subscription } from 'rxjs'
import {
  CHATS,
  type ChatsData,
  INBOX,
  type InboxData,
  type InboxEvent,
  type LogEvent,
  MARK_DELIVERED,
  type Message,
} from './documents.ts'
import { Positions } from './positions.ts'

/** Fills the cache with the person's chats, and keeps it as the server has them. */
export function followInbox(client: ApolloClient, deviceId: string): Subscription {
  const positions = new Positions((list) =>
    client.mutate({ mutation: gql(MARK_DELIVERED), variables: { deviceId, positions: list } }),
  )
  let isStarted = false

  async function take(event: InboxEvent): Promise<void> {
    if (event.__typename === 'InboxReset') isStarted = false
    else if (event.__typename === 'CaughtUp' && !isStarted) await start()
    else if ('seq' in event && isStarted && positions.advance(event.chat.id, event.seq)) {
      await apply(event)
    }
  }

  /** Edits, deletions and reactions need nothing: the cache finds the message by its id. A list can't grow by itself. */
  async function apply({ __typename, chat, message }: LogEvent): Promise<void> {
    const isInPlace = __typename !== 'MessageSent' || append(client, chat.id, message)
    if (!isInPlace) await start()
  }

  /** What is queried now includes whatever came before CaughtUp. */
  async function start(): Promise<void> {
    const { data } = await client.query<ChatsData>({ query: gql(CHATS), fetchPolicy: 'network-only' })
    for (const { node } of data?.chats.edges ?? []) positions.advance(node.id, node.headSeq)
    isStarted = true
  }

  // Subscribe first, query then: concatMap lets what comes meanwhile wait for the query's answer.
  const subscription = client
    .subscribe<InboxData>({ query: gql(INBOX), variables: { deviceId } })
    .pipe(
      concatMap(async ({ data, error }) => {
        if (data === undefined) throw error ?? new Error('An event without data')
        await take(data.inbox)
      }),
      // Whatever went wrong: the device id makes the server send again what was not acknowledged.
      retry({ delay: 1_000 }),
    )
    .subscribe()
  subscription.add(() => positions.stop())
  return subscription
}

/** Puts a message at the end of its chat's list. False where the chat isn't known: somebody has just begun it. */
function append(client: ApolloClient, chatId: string, message: Message): boolean {
  return client.cache.modify({
    id: `Chat:${chatId}`,
    fields: {
      messages: (list, { toReference }) => ({
        ...list,
        edges: [...list.edges, { __typename: 'ChatMessagesConnectionEdge', node: toReference(message) }],
      }),
    },
  })
}
