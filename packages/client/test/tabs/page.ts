import { type Bridge, createBridge } from '../../src/engine.ts'
import { createParleyClient } from '../../src/index.ts'
import { indexedDbStorage } from '../../src/indexeddb.ts'

// The script of each tab. The test drives it through `window.tab`.
const { url, token } = Object.fromEntries(new URLSearchParams(location.search)) as {
  url: string
  token: string
}
const client = createParleyClient({ url, token, storage: indexedDbStorage() })
/** Results of a subscription of the app. */
const received: unknown[] = []
let bridge: Bridge | undefined
let end: (() => void) | undefined

const tab = {
  start: () => client.start(),
  close: () => client.close(),
  connection: () => client.connection.getSnapshot().type,
  send: async (chatId: string, body: string) => void (await client.chat(chatId).send({ body })),
  /** Reads everything that is shown, and loads an older page. Resolves to whether there is more. */
  read(chatId: string) {
    client.chat(chatId).markRead()
    return client.chat(chatId).loadOlder()
  },
  open: (chatId: string) => void client.chat(chatId).subscribe(() => undefined),
  messages: (chatId: string) =>
    client
      .chat(chatId)
      .getSnapshot()
      .messages.map(({ body, status }) => [body, status] as const),
  /** Starts a subscription of the app, as the adapters for other caches do. */
  subscribe(document: string, chatId: string) {
    bridge ??= createBridge(client, () => undefined)
    end = bridge.subscribe(
      document,
      { id: chatId },
      { onData: (data) => received.push(data), onEnd: (error) => received.push(error?.code) },
    )
  },
  unsubscribe: () => end?.(),
  received: () => received,
}
export type Tab = typeof tab
Object.assign(window, { tab })
