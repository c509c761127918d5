// Prints the messages of a user as they arrive: TOKEN=… node examples/apollo.ts
import { createApolloClient } from './apollo-client.ts'
import { CHATS_QUERY, followInbox } from './apollo-inbox.ts'
import { connect } from './hand-written/connection.ts'
import { show } from './hand-written/screen.ts'
import { deviceId, token, url } from './hand-written/session.ts'

const client = createApolloClient(url, token, connect(url, token))
followInbox(client, deviceId)

// Components render the cache whenever it changes.
const chats = client.watchQuery({ query: CHATS_QUERY, fetchPolicy: 'cache-only' })
chats.subscribe(({ data, dataState }) => {
  if (dataState !== 'complete') return
  for (const { node: chat } of data.chats.edges) for (const { node } of chat.messages.edges) show(node)
})
