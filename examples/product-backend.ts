// The backend of a shop that uses Parley, explained in docs/add-parley.md: npm run example examples/product-backend.ts
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { SignJWT } from 'jose'
import { Webhook } from 'standardwebhooks'

const { PORT = '3000', PARLEY_SERVER_API = 'http://127.0.0.1:4001/graphql' } = process.env
const { AUTH_SECRET = '', PARLEY_KEY = '', PARLEY_WEBHOOK_SECRET = '' } = process.env

const HOW_TO_SET = {
  AUTH_SECRET: 'It is the one that Parley runs with: export AUTH_SECRET=…',
  PARLEY_KEY: 'Create a key: export PARLEY_KEY=$(npx parley key create shop)',
  PARLEY_WEBHOOK_SECRET:
    'Create a webhook, and export the secret that it prints: ' +
    `npx parley webhook create http://127.0.0.1:${PORT}/parley --types message.pending --allow-private`,
}
const missing = Object.entries(HOW_TO_SET).filter(([name]) => !process.env[name])
for (const [name, hint] of missing) console.error(`${name} is not set. ${hint}`)
if (missing.length > 0) process.exit(1)

/** The shop's own users. Yours are in your database. */
const customers = new Map([
  ['ann', { id: 'ann', name: 'Ann', email: 'ann@shop.example' }],
  ['ben', { id: 'ben', name: 'Ben', email: 'ben@shop.example' }],
])

/** Lets a signed-in user open chats for an hour. */
function tokenFor(id: string, name: string): Promise<string> {
  return new SignJWT({ name })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(id)
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(AUTH_SECRET))
}

/** Calls the server API. */
async function parley<Data>(query: string, variables: object): Promise<Data> {
  const response = await fetch(PARLEY_SERVER_API, {
    method: 'POST',
    headers: { authorization: `Bearer ${PARLEY_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables }),
  })
  const { data, errors } = (await response.json()) as { data: Data; errors?: { message: string }[] }
  if (errors?.[0] !== undefined) throw new Error(errors[0].message)
  return data
}

const UPSERT = 'mutation ($users: [UserInput!]!) { upsertUsers(users: $users) { id } }'
const ENSURE = 'mutation ($userIds: [ID!]!) { ensureDirectChat(userIds: $userIds) { id } }'
const SEND = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { id } } }'

/** Opens the chat about an order. Each call may be repeated, so a failed order is simply tried again. */
async function openChat(orderId: string, userIds: readonly string[]): Promise<string> {
  const ids = userIds.map((id) => `user_${id}`)
  const users = userIds.map((id) => ({ id: `user_${id}`, name: customers.get(id)?.name ?? id }))
  await parley(UPSERT, { users })
  const { ensureDirectChat } = await parley<{ ensureDirectChat: { id: string } }>(ENSURE, { userIds: ids })
  const chatId = ensureDirectChat.id
  const body = `Order ${orderId} was placed.`
  await parley(SEND, { input: { chatId, clientMessageId: `order-${orderId}`, body } })
  return chatId
}

type Event = Readonly<{ type: string; data: Readonly<{ recipients?: readonly { userId: string }[] }> }>

/** The ids of events that were processed. Yours are in your database, in the transaction that processes the event. */
const processed = new Set<string>()

/** Receives a webhook. A failure is answered with an error, and Parley tries again later. */
async function receive(request: IncomingMessage): Promise<void> {
  const headers = request.headers as Record<string, string>
  const { type, data } = new Webhook(PARLEY_WEBHOOK_SECRET).verify(await text(request), headers) as Event
  const id = headers['webhook-id'] ?? ''
  if (processed.has(id)) return
  if (type === 'message.pending')
    for (const { userId } of data.recipients ?? [])
      console.log(`mail to ${customers.get(userId.replace('user_', ''))?.email}: you have a new message`)
  processed.add(id)
}

/** Your own sign-in decides who calls. This shop believes a header, for the sake of the example. */
function signedIn(request: IncomingMessage) {
  const customer = customers.get(String(request.headers['x-customer']))
  if (customer === undefined) throw new Error('Sign in first.')
  return customer
}

async function answer(request: IncomingMessage): Promise<object> {
  switch (`${request.method} ${request.url}`) {
    case 'POST /token': {
      const { id, name } = signedIn(request)
      return { token: await tokenFor(id, name) }
    }
    case 'POST /orders': {
      const { orderId, sellerId } = JSON.parse(await text(request)) as { orderId: string; sellerId: string }
      return { chatId: await openChat(orderId, [signedIn(request).id, sellerId]) }
    }
    case 'POST /parley':
      await receive(request)
      return {}
    default:
      throw new Error('There is no such page.')
  }
}

createServer((request, response: ServerResponse) => {
  const json = { 'content-type': 'application/json' }
  answer(request).then(
    (body) => response.writeHead(200, json).end(JSON.stringify(body)),
    (error: unknown) => response.writeHead(400, json).end(JSON.stringify({ error: String(error) })),
  )
}).listen(Number(PORT), '127.0.0.1', () => console.log(`The shop listens on port ${PORT}.`))
