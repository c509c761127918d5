import { createParleyClient } from '../../src/index.ts'
import { indexedDbStorage } from '../../src/indexeddb.ts'

// The script of each tab. The test drives it through `window.tab`.
const { url, token } = Object.fromEntries(new URLSearchParams(location.search)) as {
  url: string
  token: string
}
const client = createParleyClient({ url, token, storage: indexedDbStorage() })

const tab = {
  start: () => client.start(),
  connection: () => client.connection.getSnapshot().type,
  send: async (chatId: string, body: string) => void (await client.chat(chatId).send({ body })),
  open: (chatId: string) => void client.chat(chatId).subscribe(() => undefined),
  messages: (chatId: string) =>
    client
      .chat(chatId)
      .getSnapshot()
      .messages.map(({ body, status }) => [body, status] as const),
}
export type Tab = typeof tab
Object.assign(window, { tab })
