// Prints somebody's messages as they come: TOKEN=… node examples/graphql-ws.ts
import { connect } from './connection.ts'
import { CHATS, type ChatsData, INBOX, type InboxData, MARK_DELIVERED } from './documents.ts'
import { Positions } from './positions.ts'
import { show } from './screen.ts'
import { deviceId, token, url } from './session.ts'

const client = connect(url, token)
const positions = new Positions((list) => ask(MARK_DELIVERED, { deviceId, positions: list }))
let isStarted = false

// Subscribe first, query then: what comes while the loop's body waits is kept, in order.
for await (const { data } of client.iterate<InboxData>({ query: INBOX, variables: { deviceId } })) {
  const event = data?.inbox
  if (event?.__typename === 'InboxReset') isStarted = false
  else if (event?.__typename === 'CaughtUp' && !isStarted) await start()
  else if (event && 'seq' in event && isStarted && positions.advance(event.chat.id, event.seq)) {
    if (event.__typename === 'MessageSent') show(event.message)
  }
}

/** Shows what there is, which includes whatever came before CaughtUp. */
async function start(): Promise<void> {
  const { chats } = await ask<ChatsData>(CHATS)
  for (const { node: chat } of chats.edges) {
    positions.advance(chat.id, chat.headSeq)
    for (const { node } of chat.messages.edges) show(node)
  }
  isStarted = true
}

async function ask<Data>(query: string, variables: Record<string, unknown> = {}): Promise<Data> {
  for await (const { data, errors } of client.iterate<Data>({ query, variables })) {
    if (data) return data
    throw new Error(JSON.stringify(errors))
  }
  throw new Error('The operation ended without an answer')
}
