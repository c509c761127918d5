// The least that a durable message between two processes takes: a WebSocket frame in, one statement with its commit, an
// answer, one publish, and a frame out. There is no GraphQL, authentication, membership, retry or limit, and nothing
// runs besides messages. It uses the packages that Parley uses, so no server on ws, pg and ioredis can be below it.
import { createServer } from 'node:http'
import { Redis } from 'ioredis'
import { decodeJwt } from 'jose'
import pg from 'pg'
import { type WebSocket, WebSocketServer } from 'ws'

type Frame = Readonly<{ id?: string; type: string; payload?: Readonly<Record<string, unknown>> }>
type Input = Readonly<{ chatId: string; clientMessageId: string; body: string; userId: string }>
type Session = { userId: string; readonly socket: WebSocket }
/** To all processes: a chat has begun, or a user has an inbox at one of them. */
type Notice = Readonly<{ chatId: string; members: readonly string[] } | { userId: string; process: string }>
type Delivery = Readonly<{ userId: string; text: string }>

const NOTICES = 'floor'
const CONNECTIONS = 2

const STORE = {
  name: 'store',
  text: `
    WITH head AS (UPDATE chats SET head_seq = head_seq + 1 WHERE id = $1 RETURNING head_seq)
    INSERT INTO messages (chat_id, seq, sender_id, client_message_id, body, sent_at)
    SELECT $1, head_seq, $2, $3, $4, now() FROM head
    RETURNING seq, sent_at`,
}

const { PORT = '0', REDIS_URL = '', DATABASE_URL = '' } = process.env
const me = `floor:${PORT}`
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: CONNECTIONS })
const publisher = new Redis(REDIS_URL)
const subscriber = new Redis(REDIS_URL)
const inboxes = new Map<string, WebSocket>()
const processes = new Map<string, string>()
const chats = new Map<string, readonly string[]>()

function write(socket: WebSocket, frame: Frame): void {
  socket.send(JSON.stringify(frame))
}

/** Both frames leave in one system call. */
function answer({ socket, network }: Session & { network: Corkable }, id: string, data: object): void {
  network.cork()
  write(socket, { id, type: 'next', payload: { data } })
  write(socket, { id, type: 'complete' })
  network.uncork()
}

type Corkable = Readonly<{ cork(): void; uncork(): void }>

async function notify(notice: Notice): Promise<void> {
  await publisher.publish(NOTICES, JSON.stringify(notice))
}

async function createChat(members: readonly string[]): Promise<{ chat: { id: string } }> {
  const id = crypto.randomUUID()
  await pool.query('INSERT INTO chats (id) VALUES ($1)', [id])
  await notify({ chatId: id, members })
  return { chat: { id } }
}

async function send({ userId }: Session, input: Input): Promise<{ message: { id: string } }> {
  const { chatId, clientMessageId, body } = input
  const stored = await pool.query<{ seq: number; sent_at: Date }>({
    ...STORE,
    values: [chatId, userId, clientMessageId, body],
  })
  const [row] = stored.rows
  if (row === undefined) throw new Error('There is no such chat.')
  const id = `${chatId}:${row.seq}`
  const sender = { id: userId, name: userId }
  const message = { id, body, sentAt: row.sent_at.toISOString(), sender, chat: { id: chatId } }
  const inbox = { __typename: 'MessageSent', message }
  const text = JSON.stringify({ id: 'inbox', type: 'next', payload: { data: { inbox } } })
  for (const member of chats.get(chatId) ?? []) if (member !== userId) route({ userId: member, text })
  return { message: { id } }
}

/** The answer does not wait for the publish. */
function route(delivery: Delivery): void {
  const to = processes.get(delivery.userId)
  if (to === me) deliver(delivery)
  else if (to !== undefined) void publisher.publish(to, JSON.stringify(delivery))
}

function deliver({ userId, text }: Delivery): void {
  inboxes.get(userId)?.send(text)
}

type Connection = Session & { network: Corkable }

async function run(connection: Connection, id: string, operationName: string, input: Input): Promise<void> {
  const { socket, userId } = connection
  switch (operationName) {
    case 'Inbox': {
      inboxes.set(userId, socket)
      await notify({ userId, process: me })
      return write(socket, { id, type: 'next', payload: { data: { inbox: { __typename: 'CaughtUp' } } } })
    }
    case 'StartDirectChat':
      return answer(connection, id, { startDirectChat: await createChat([userId, input.userId]) })
    case 'Send':
      return answer(connection, id, { sendMessage: await send(connection, input) })
    default:
      throw new Error(`No operation is named ${operationName}.`)
  }
}

function take(connection: Connection, { id = '', type, payload = {} }: Frame): void {
  if (type === 'connection_init') {
    const { sub = '' } = decodeJwt(String(payload['authorization']).replace('Bearer ', ''))
    connection.userId = `user_${sub}`
    return write(connection.socket, { type: 'connection_ack' })
  }
  if (type !== 'subscribe') return undefined
  const { operationName, variables } = payload as { operationName: string; variables: { input: Input } }
  void run(connection, id, operationName, variables.input)
  return undefined
}

function observe(notice: Notice): void {
  if ('chatId' in notice) chats.set(notice.chatId, notice.members)
  else processes.set(notice.userId, notice.process)
}

subscriber.on('message', (channel, json: string) => {
  if (channel === NOTICES) observe(JSON.parse(json) as Notice)
  else deliver(JSON.parse(json) as Delivery)
})
await subscriber.subscribe(NOTICES, me)

const server = createServer()
const sockets = new WebSocketServer({ server, perMessageDeflate: false })
sockets.on('connection', (socket, { socket: network }) => {
  const connection: Connection = { userId: '', socket, network }
  socket.on('message', (data: Buffer) => take(connection, JSON.parse(data.toString()) as Frame))
  socket.on('close', () => inboxes.delete(connection.userId))
})
server.listen(Number(PORT), '127.0.0.1')
