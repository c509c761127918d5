// Prints the messages of a user as they arrive: TOKEN=… npm run example examples/hand-written/graphql-ws.ts
import { connect } from './connection.ts'
import { createSocketApi } from './socket-api.ts'
import { followInbox } from './inbox.ts'
import { screen } from './screen.ts'
import { deviceId, token, url } from './session.ts'

await followInbox(createSocketApi(connect(url, token)), deviceId, screen)
