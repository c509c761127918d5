// Prints somebody's messages as they come: TOKEN=… node examples/apollo.ts
import { gql } from '@apollo/client'
import { concatMap } from 'rxjs'
import { appendMessage, createApolloClient } from './apollo-client.ts'
import { connect } from './connection.ts'
import {
  CHATS,
  type ChatsData,
  INBOX,
  type InboxData,
  type InboxEvent,
  type LogEvent,
  MARK_DELIVERED,
} from './documents.ts'
import { Positions } from './positions.ts'
import { show } from './screen.ts'
import { deviceId, token, url } from './session.ts'

const client = createApolloClient(url, token, connect(url, token))
const positions = new Positions((list) =>
  client.mutate({ mutation: gql(MARK_DELIVERED), variables: { deviceId, positions: list } }),
)
let isStarted = false

// Subscribe first, query then: concatMap lets what comes meanwhile wait for the query's answer.
client
  .subscribe<InboxData>({ query: gql(INBOX), variables: { deviceId } })
  .pipe(concatMap(({ data, error }) => take(data?.inbox, error)))
  .subscribe()

async function take(event: InboxEvent | undefined, error: Error | undefined): Promise<void> {
  if (error) throw error
  if (event?.__typename === 'InboxReset') isStarted = false
  else if (event?.__typename === 'CaughtUp' && !isStarted) await start()
  else if (event && 'seq' in event && isStarted && positions.advance(event.chat.id, event.seq))
    await apply(event)
}

/** Fills the cache with what there is, which includes whatever came before CaughtUp. */
async function start(): Promise<void> {
  const { data } = await client.query<ChatsData>({ query: gql(CHATS), fetchPolicy: 'network-only' })
  for (const { node } of data?.chats.edges ?? []) positions.advance(node.id, node.headSeq)
  isStarted = true
}

/** New messages have to be put into their lists; for edits and deletions the cache finds the message by its id. */
async function apply({ __typename, chat, message }: LogEvent): Promise<void> {
  if (__typename !== 'MessageSent') return
  // Not known: somebody has begun a chat.
  if (!appendMessage(client, chat.id, message)) await start()
}

// Components show what the cache holds, whenever it changes.
client
  .watchQuery<ChatsData>({ query: gql(CHATS), fetchPolicy: 'cache-only' })
  .subscribe(({ data, dataState }) => {
    if (dataState !== 'complete') return
    for (const { node: chat } of data.chats.edges) for (const { node } of chat.messages.edges) show(node)
  })
