// Prints messages as they arrive, without a WebSocket: TOKEN=… npm run example examples/hand-written/sse.ts
import { createHttpApi } from './http-api.ts'
import { followInbox } from './inbox.ts'
import { screen } from './screen.ts'
import { deviceId, token, url } from './session.ts'

await followInbox(createHttpApi(url, token), deviceId, screen)
