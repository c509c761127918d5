import { randomUUID } from 'node:crypto'
import { issueToken } from '../../src/auth/issue-token.ts'
import { globalId, type ChatId } from '../../src/ids.ts'
import { largestChats } from '../../test/harness/plans/fill-database.ts'
import { Connection } from '../load/connection.ts'
import { type BEHIND, DIRECT_CHAT, READER, WRITER } from './measured-users.ts'
import type { Size } from './sizes.ts'

/** The timed operations. Each resolves when its result has arrived. */
export type Operations = Readonly<Record<OperationName, () => Promise<void>>> &
  Readonly<{
    /** Returns the number of events before CaughtUp. */
    replay(device: keyof typeof BEHIND): Promise<number>
    close(): void
  }>

export const OPERATIONS = {
  send: 'a message to a chat of two',
  sendToLargest: 'a message to one of the largest groups',
  history: '50 messages from the middle of such a group',
  chatList: "a list of 20 chats, with each one's newest message and unread count",
} as const

export type OperationName = keyof typeof OPERATIONS

const SEND = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { id seq } } }'
const PAGE = `query ($id: ID!, $before: String) {
  chat(id: $id) { messages(last: 50, before: $before) { edges { node { id seq body sentAt sender { id name } } } } }
}`
const CURSOR = 'query ($id: ID!) { chat(id: $id) { messages(first: 1) { edges { cursor node { seq } } } } }'
const CHATS = `query {
  chats(first: 20) { edges { node { id title headSeq unreadCount lastMessage { id body } } } }
}`
const INBOX = `subscription ($deviceId: String) {
  inbox(deviceId: $deviceId) { __typename ... on MessageSent { seq message { id body sender { id name } } } }
}`
const BODY = 'a message of about a hundred characters, as people write them when they have something to say '

export async function connectPeople(url: string, secret: string, size: Size): Promise<Operations> {
  const connect = async (name: string): Promise<Connection> =>
    Connection.open(url, await issueToken(secret, { subject: name, name }))
  const [reader, writer] = [await connect(READER), await connect(WRITER)]
  const [written, read] = largestChats(size)
  const idOf = (id: string) => globalId.chat(id as ChatId)
  const before = await cursorAt(reader, idOf(read.id), Math.ceil(read.headSeq / 2))

  const ask = async (connection: Connection, query: string, variables: object): Promise<void> => {
    const { errors } = await connection.ask(query, variables)
    if (errors !== undefined) throw new Error(JSON.stringify(errors))
  }
  const send = (chatId: string) =>
    ask(writer, SEND, { input: { chatId, clientMessageId: randomUUID(), body: BODY } })

  return {
    send: () => send(idOf(DIRECT_CHAT)),
    sendToLargest: () => send(idOf(written.id)),
    history: () => ask(reader, PAGE, { id: idOf(read.id), before }),
    chatList: () => ask(reader, CHATS, {}),
    async replay(device) {
      const own = await connect(READER)
      const events = await replayed(own, device)
      own.close()
      return events
    },
    close() {
      reader.close()
      writer.close()
    },
  }
}

/** Returns the number of events until CaughtUp. */
function replayed(connection: Connection, deviceId: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let events = 0
    connection.start(INBOX, { deviceId }, ({ data, errors }) => {
      if (errors !== undefined) return reject(new Error(JSON.stringify(errors)))
      const { __typename: type } = (data?.['inbox'] ?? {}) as { __typename?: string }
      if (type === 'MessageSent') events += 1
      if (type === 'CaughtUp') resolve(events)
      return undefined
    })
  })
}

/** Builds the cursor of a position from the first message's cursor. Cursors are opaque to apps, but not here. */
async function cursorAt(connection: Connection, id: string, seq: number): Promise<string> {
  const { data } = await connection.ask(CURSOR, { id })
  type Page = Readonly<{ messages: { edges: readonly { cursor: string; node: { seq: number } }[] } }>
  const edge = (data?.['chat'] as Page | null)?.messages.edges[0]
  if (edge === undefined) throw new Error('The largest group has no messages')
  const known = Buffer.from(edge.cursor, 'base64url').toString()
  return Buffer.from(known.replace(String(edge.node.seq), String(seq))).toString('base64url')
}
