// Prints the messages of a user as they arrive: TOKEN=… node examples/urql.ts
import { connect } from './connection.ts'
import { followInbox } from './inbox.ts'
import { screen } from './screen.ts'
import { deviceId, token, url } from './session.ts'
import { createUrqlApi, createUrqlClient } from './urql-client.ts'

const client = createUrqlClient(url, token, connect(url, token))
await followInbox(createUrqlApi(client), deviceId, screen)
