// Prints the messages of a user as they arrive: TOKEN=… node examples/urql.ts
import { connect } from './hand-written/connection.ts'
import { followInbox } from './hand-written/inbox.ts'
import { screen } from './hand-written/screen.ts'
import { deviceId, token, url } from './hand-written/session.ts'
import { createUrqlApi, createUrqlClient } from './urql-client.ts'

const client = createUrqlClient(url, token, connect(url, token))
await followInbox(createUrqlApi(client), deviceId, screen)
