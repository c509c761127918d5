// Prints somebody's messages as they come: TOKEN=… node examples/graphql-ws.ts
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from './connection.ts'
import { CHATS, type ChatsData, INBOX, type InboxData, type InboxEvent, MARK_DELIVERED } from './documents.ts'
import { Positions } from './positions.ts'
import { show } from './screen.ts'
import { deviceId, token, url } from './session.ts'

const client = connect(url, token)
const positions = new Positions((list) => ask(MARK_DELIVERED, { deviceId, positions: list }))
let isStarted = false

for (;;) {
  try {
    // Subscribe first, query then: what comes while the loop's body waits is kept, in order.
    for await (const result of client.iterate<InboxData>({ query: INBOX, variables: { deviceId } })) {
      await take(dataOf(result).inbox)
    }
  } catch (error) {
    console.error('The inbox ended:', error)
  }
  // A lost connection comes back by itself; this is for the rest. The device id makes the server send what was missed.
  await sleep(1_000)
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
  const { chats } = await ask<ChatsData>(CHATS)
  for (const { node: chat } of chats.edges) {
    positions.advance(chat.id, chat.headSeq)
    for (const { node } of chat.messages.edges) show(node)
  }
  isStarted = true
}

async function ask<Data>(query: string, variables: Record<string, unknown> = {}): Promise<Data> {
  for await (const result of client.iterate<Data>({ query, variables })) return dataOf(result)
  throw new Error('The operation ended without an answer')
}

function dataOf<Data>({ data, errors }: { data?: Data | null | undefined; errors?: unknown }): Data {
  if (data) return data
  throw new Error(JSON.stringify(errors))
}
