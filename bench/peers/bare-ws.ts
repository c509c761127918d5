// Bare WebSockets: frames of graphql-transport-ws without GraphQL, authentication or a database. A message is parsed,
// published through Redis, and written to the members' sockets as one prepared frame. This is the cost of connections
// alone, below which no server on ws can be.
import { createServer } from 'node:http'
import { Redis } from 'ioredis'
import { type WebSocket, WebSocketServer } from 'ws'
import { decodeJwt } from 'jose'

type Frame = Readonly<{ id?: string; type: string; payload?: Readonly<Record<string, unknown>> }>
type Input = Readonly<{ chatId: string; body: string; userId: string; memberIds: readonly string[] }>
type Session = { userId: string; readonly socket: WebSocket }
type Published = Readonly<{ chatId: string; members?: readonly string[]; text?: string }>

const CHANNEL = 'bare-ws'

const { PORT = '0', REDIS_URL = '' } = process.env
const publisher = new Redis(REDIS_URL)
const subscriber = new Redis(REDIS_URL)
const inboxes = new Map<string, Set<WebSocket>>()
const chats = new Map<string, readonly string[]>()

function write(socket: WebSocket, frame: Frame): void {
  socket.send(JSON.stringify(frame))
}

function answer(socket: WebSocket, id: string, data: object): void {
  write(socket, { id, type: 'next', payload: { data } })
  write(socket, { id, type: 'complete' })
}

async function publish(published: Published): Promise<void> {
  await publisher.publish(CHANNEL, JSON.stringify(published))
}

async function createChat(members: readonly string[]): Promise<{ chat: { id: string } }> {
  const id = `chat_${crypto.randomUUID()}`
  await publish({ chatId: id, members })
  return { chat: { id } }
}

async function send({ userId }: Session, { chatId, body }: Input): Promise<{ message: { id: string } }> {
  const id = crypto.randomUUID()
  const sender = { id: userId, name: userId }
  const message = { id, body, sentAt: new Date().toISOString(), sender, chat: { id: chatId } }
  const inbox = { __typename: 'MessageSent', message }
  // All subscribers receive the same bytes, so their operation ids cannot differ.
  await publish({ chatId, text: JSON.stringify({ id: 'inbox', type: 'next', payload: { data: { inbox } } }) })
  return { message: { id } }
}

async function run(session: Session, id: string, operationName: string, input: Input): Promise<void> {
  const { socket, userId } = session
  switch (operationName) {
    case 'Inbox': {
      const sockets = inboxes.get(userId) ?? new Set()
      inboxes.set(userId, sockets.add(socket))
      return write(socket, { id, type: 'next', payload: { data: { inbox: { __typename: 'CaughtUp' } } } })
    }
    case 'StartDirectChat':
      return answer(socket, id, { startDirectChat: await createChat([userId, input.userId]) })
    case 'CreateGroup':
      return answer(socket, id, { createGroup: await createChat([userId, ...input.memberIds]) })
    case 'Send':
      return answer(socket, id, { sendMessage: await send(session, input) })
    default:
      throw new Error(`No operation is named ${operationName}.`)
  }
}

function take(session: Session, { id = '', type, payload = {} }: Frame): void {
  if (type === 'connection_init') {
    const { sub = '' } = decodeJwt(String(payload['authorization']).replace('Bearer ', ''))
    session.userId = `user_${sub}`
    return write(session.socket, { type: 'connection_ack' })
  }
  if (type !== 'subscribe') return undefined
  const { operationName, variables } = payload as { operationName: string; variables: { input: Input } }
  void run(session, id, operationName, variables.input)
  return undefined
}

subscriber.on('message', (_channel, json: string) => {
  const { chatId, members, text } = JSON.parse(json) as Published
  if (members !== undefined) chats.set(chatId, members)
  if (text === undefined) return
  const bytes = Buffer.from(text)
  for (const userId of chats.get(chatId) ?? [])
    for (const socket of inboxes.get(userId) ?? []) socket.send(bytes, { binary: false })
})
await subscriber.subscribe(CHANNEL)

const server = createServer()
const sockets = new WebSocketServer({ server, perMessageDeflate: false })
sockets.on('connection', (socket) => {
  const session: Session = { userId: '', socket }
  socket.on('message', (data: Buffer) => take(session, JSON.parse(data.toString()) as Frame))
  socket.on('close', () => inboxes.get(session.userId)?.delete(socket))
})
server.listen(Number(PORT), '127.0.0.1')
