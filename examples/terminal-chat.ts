// A chat with one person in the terminal: TOKEN=… npm run example examples/terminal-chat.ts user_bob
import { createInterface } from 'node:readline'
import { createParleyClient, type Message } from '@parley/client'

const { URL: url = 'http://localhost:4000/graphql', TOKEN: token = '' } = process.env
const [, , userId = 'user_bob'] = process.argv

const client = createParleyClient({ url, token })
const stopReporting = client.connection.subscribe(() => {
  const state = client.connection.getSnapshot()
  if (state.type === 'offline') console.error(`Offline: ${state.reason}`)
})
await client.start()

const { id, title } = await client.startDirectChat(userId)
const chat = client.chat(id)
const shown = new Set<string>()

/** Prints each message once, when the server has it. */
function show({ clientMessageId, sender, body, status }: Message): void {
  if (status === 'pending' || shown.has(clientMessageId)) return
  shown.add(clientMessageId)
  console.log(status === 'failed' ? `Not sent: ${body}` : `${sender.name}: ${body ?? '(deleted)'}`)
}

chat.subscribe(() => {
  const { isLoaded, messages } = chat.getSnapshot()
  if (!isLoaded) return
  for (const message of messages) show(message)
  chat.markRead()
})

console.log(`Chat with ${title}. Type a message and press Enter.`)
const input = createInterface({ input: process.stdin })
for await (const body of input) if (body !== '') await chat.send({ body })
stopReporting()
await client.close()
