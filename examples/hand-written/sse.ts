// Prints the messages of a user as they arrive, without a WebSocket: TOKEN=… node examples/hand-written/sse.ts
import { createHttpApi } from './http-api.ts'
import { followInbox } from './inbox.ts'
import { screen } from './screen.ts'
import { deviceId, token, url } from './session.ts'

await followInbox(createHttpApi(url, token), deviceId, screen)
