// Prints somebody's messages as they come: TOKEN=… node examples/urql.ts
import { connect } from './connection.ts'
import { show } from './screen.ts'
import { deviceId, token, url } from './session.ts'
import { createUrqlClient } from './urql-client.ts'
import { followInbox } from './urql-inbox.ts'

followInbox(createUrqlClient(url, token, connect(url, token)), deviceId, {
  fill(chats) {
    for (const { messages } of chats) for (const { node } of messages.edges) show(node)
  },
  apply({ __typename, message }) {
    if (__typename === 'MessageSent') show(message)
  },
})
