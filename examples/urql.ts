// Prints somebody's messages as they come: TOKEN=… node examples/urql.ts
import { connect } from './connection.ts'
import { CHATS, type ChatsData, INBOX, type InboxData, type InboxEvent, MARK_DELIVERED } from './documents.ts'
import { Positions } from './positions.ts'
import { show } from './screen.ts'
import { deviceId, token, url } from './session.ts'
import { createUrqlClient } from './urql-client.ts'

const client = createUrqlClient(url, token, connect(url, token))
const positions = new Positions(async (list) => {
  const { error } = await client.mutation(MARK_DELIVERED, { deviceId, positions: list })
  if (error) throw error
})
let isStarted = false

// Subscribe first, query then: each event waits for the one before it, and so for the query's answer.
let turn = Promise.resolve()
client.subscription<InboxData>(INBOX, { deviceId }).subscribe(({ data, error }) => {
  if (error) throw error
  turn = turn.then(() => take(data?.inbox))
})

async function take(event: InboxEvent | undefined): Promise<void> {
  if (event?.__typename === 'InboxReset') isStarted = false
  else if (event?.__typename === 'CaughtUp' && !isStarted) await start()
  else if (event && 'seq' in event && isStarted && positions.advance(event.chat.id, event.seq)) {
    if (event.__typename === 'MessageSent') show(event.message)
  }
}

/** Shows what there is, which includes whatever came before CaughtUp. */
async function start(): Promise<void> {
  const { data, error } = await client.query<ChatsData>(CHATS, {}, { requestPolicy: 'network-only' })
  if (error) throw error
  for (const { node: chat } of data?.chats.edges ?? []) {
    positions.advance(chat.id, chat.headSeq)
    for (const { node } of chat.messages.edges) show(node)
  }
  isStarted = true
}
