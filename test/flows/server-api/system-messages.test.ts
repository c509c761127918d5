import { expect, test } from 'vitest'
import type { Backend } from '../../harness/people/backend.ts'
import { SERVER_API, startParley, type TestParley } from '../../harness/servers/parley.ts'

const SEND = `mutation ($input: SendMessageInput!) {
  sendMessage(input: $input) { deduplicated message { id seq kind sender { id } } } }`
const CHAT = `query ($id: ID!) { chat(id: $id) { headSeq unreadCount lastMessage { kind body status }
  messages(first: 10) { edges { node { kind body status sender { id presence { online lastSeenAt } } } } } } }`

type Sent = Readonly<{
  deduplicated: boolean
  message: { id: string; seq: number; kind: string; sender: { id: string } }
}>
type Shown = Readonly<{ kind: string; body: string | null; status: string; sender: unknown }>
type ChatData = Readonly<{
  headSeq: number
  unreadCount: number
  lastMessage: Shown
  messages: { edges: readonly { node: Shown }[] }
}>

test('a system message reaches the members live, and is part of history and the log', async () => {
  await using stage = await startConversation()
  const { backend, bob, chatId } = stage
  using inbox = bob.inbox('phone')
  const away = bob.inbox('laptop')
  await Promise.all([inbox.caughtUp(), away.caughtUp()])
  away.close()
  const sent = await sendAsSystem(backend, chatId, 'Your order has shipped')
  expect(sent.message).toMatchObject({ seq: 2, kind: 'SYSTEM', sender: { id: 'user_parley:system' } })
  await inbox.reaches(chatId, 2)
  expect(inbox.items.all.find(({ seq }) => seq === 2)).toMatchObject({
    __typename: 'MessageSent',
    message: { kind: 'SYSTEM', body: 'Your order has shipped', sender: { id: 'user_parley:system' } },
  })
  const { chat } = await bob.run<{ chat: ChatData }>(CHAT, { id: chatId })
  expect(chat.lastMessage).toMatchObject({ kind: 'SYSTEM', body: 'Your order has shipped' })
  expect(chat.messages.edges.map(({ node }) => node.kind)).toEqual(['USER', 'SYSTEM'])
  using late = bob.inbox('laptop')
  await late.reaches(chatId, 2)
  expect(late.items.all.find(({ seq }) => seq === 2)).toMatchObject({ message: { kind: 'SYSTEM' } })
})

test('a system message is never unread, never READ, and says nothing of presence', async () => {
  await using stage = await startConversation()
  const { backend, alice, bob, chatId } = stage
  await sendAsSystem(backend, chatId, 'Your order has shipped')
  const { chat } = await bob.run<{ chat: ChatData }>(CHAT, { id: chatId })
  // The message of alice is unread, that of the system is not.
  expect(chat.unreadCount).toBe(1)
  for (const person of [alice, bob]) await person.markRead(chatId, 2)
  const seen = await bob.run<{ chat: ChatData }>(CHAT, { id: chatId })
  expect(seen.chat.messages.edges.map(({ node }) => node)).toMatchObject([
    { kind: 'USER', status: 'READ' },
    { kind: 'SYSTEM', status: 'SENT', sender: { presence: null } },
  ])
})

test('a system message can begin a direct chat, which both users see from then on', async () => {
  await using parley = await startParley({ config: SERVER_API })
  const backend = await parley.backend({ scopes: ['chats', 'messages'] })
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  using ofAlice = alice.inbox('phone')
  using ofBob = bob.inbox('phone')
  await Promise.all([ofAlice.caughtUp(), ofBob.caughtUp()])
  const { ensureDirectChat: chat } = await backend.run<{ ensureDirectChat: { id: string } }>(
    `mutation { ensureDirectChat(userIds: ["${alice.id}", "${bob.id}"]) { id } }`,
  )
  await sendAsSystem(backend, chat.id, 'Alice, meet Bob')
  await Promise.all([ofAlice.reaches(chat.id, 1), ofBob.reaches(chat.id, 1)])
})

test('system messages have keys, replies, edits and deletion like those of users', async () => {
  await using stage = await startConversation()
  const { backend, bob, chatId } = stage
  const replyToId = chatId.replace('chat_', 'message_') + '_1'
  const first = await sendAsSystem(backend, chatId, 'Shipped', { replyToId })
  const again = await sendAsSystem(backend, chatId, 'Shipped', { replyToId })
  expect([first.deduplicated, again.deduplicated]).toEqual([false, true])
  expect(again.message.id).toBe(first.message.id)
  const conflict = { input: { chatId, body: 'Other', clientMessageId: 'Shipped' } }
  expect(await backend.codeOf(SEND, conflict)).toBe('CONFLICT')
  const { id } = first.message
  await backend.run(`mutation { editMessage(input: { messageId: "${id}", body: "Delivered" }) { body } }`)
  const edited = await bob.run<{ chat: ChatData }>(CHAT, { id: chatId })
  expect(edited.chat.lastMessage).toMatchObject({ kind: 'SYSTEM', body: 'Delivered' })
  await backend.run(`mutation { deleteMessage(input: { messageId: "${id}" }) { deletedAt } }`)
  const deleted = await bob.run<{ chat: ChatData }>(CHAT, { id: chatId })
  expect(deleted.chat).toMatchObject({ headSeq: 4, lastMessage: { kind: 'SYSTEM', body: null } })
  const unknown = 'chat_01900000-0000-7000-8000-000000000000'
  expect(await backend.codeOf(SEND, { input: { ...conflict.input, chatId: unknown } })).toBe('NOT_FOUND')
})

test('many system messages of one call keep their order between those of users', async () => {
  await using stage = await startConversation()
  const { backend, alice, bob, chatId } = stage
  const inputs = ['one', 'two', 'three'].map((body) => ({ chatId, body, clientMessageId: body }))
  await Promise.all([
    backend.run(
      'mutation ($inputs: [SendMessageInput!]!) { sendMessages(inputs: $inputs) { sent { message { seq } } } }',
      { inputs },
    ),
    alice.send(chatId, 'between'),
  ])
  const { chat } = await bob.run<{ chat: ChatData }>(CHAT, { id: chatId })
  const bodies = chat.messages.edges.map(({ node }) => node).filter(({ kind }) => kind === 'SYSTEM')
  expect(bodies.map(({ body }) => body)).toEqual(['one', 'two', 'three'])
  expect(chat.headSeq).toBe(5)
})

/** Alice has written to bob. The key cannot act as a user. */
async function startConversation() {
  const parley: TestParley = await startParley({ config: SERVER_API })
  const backend = await parley.backend({ scopes: ['messages'] })
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chatId = await alice.startChat(bob)
  await alice.send(chatId, 'Hello')
  return { parley, backend, alice, bob, chatId, [Symbol.asyncDispose]: () => parley[Symbol.asyncDispose]() }
}

async function sendAsSystem(
  backend: Backend,
  chatId: string,
  body: string,
  rest: object = {},
): Promise<Sent> {
  const input = { chatId, body, clientMessageId: body, ...rest }
  return (await backend.run<{ sendMessage: Sent }>(SEND, { input })).sendMessage
}
