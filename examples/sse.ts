// Prints somebody's messages as they come, without a WebSocket: TOKEN=… node examples/sse.ts
import { setTimeout as sleep } from 'node:timers/promises'
import { CHATS, type ChatsData, INBOX, type InboxData, type InboxEvent, MARK_DELIVERED } from './documents.ts'
import { HttpClient, OperationFailed } from './http-client.ts'
import { Positions } from './positions.ts'
import { show } from './screen.ts'
import { deviceId, token, url } from './session.ts'

const client = new HttpClient(url, token)
const positions = new Positions((list) => client.ask(MARK_DELIVERED, { deviceId, positions: list }))
let isStarted = false

// Connecting again is up to us. The device id makes the server send what was missed.
for (;;) {
  try {
    // Subscribe first, query then: what comes while the loop's body waits is kept, in order.
    for await (const { inbox } of client.subscribe<InboxData>(INBOX, { deviceId })) await take(inbox)
  } catch (error) {
    if (error instanceof OperationFailed && !error.retryable) throw error
    console.error('The connection was lost:', error)
  }
  await sleep(1_000 * Math.random())
}

async function take(event: InboxEvent): Promise<void> {
  if (event.__typename === 'InboxReset') isStarted = false
  else if (event.__typename === 'CaughtUp' && !isStarted) await start()
  else if ('seq' in event && isStarted && positions.advance(event.chat.id, event.seq)) {
    if (event.__typename === 'MessageSent') show(event.message)
  }
}

/** Shows what there is, which includes whatever came before CaughtUp. */
async function start(): Promise<void> {
  const { chats } = await client.ask<ChatsData>(CHATS)
  for (const { node: chat } of chats.edges) {
    positions.advance(chat.id, chat.headSeq)
    for (const { node } of chat.messages.edges) show(node)
  }
  isStarted = true
}
