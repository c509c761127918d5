import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Person } from '../harness/people/person.ts'
import { recordStatements } from '../harness/plans/recorded-statements.ts'
import { startParley, type TestParley } from '../harness/servers/parley.ts'

const MESSAGE = `id seq body sentAt status clientMessageId chat { id } sender { id name avatarUrl }
  replyTo { id body } reactions { emoji users { name } } attachments { fileName }`
const PAGES = `query ($id: ID!, $before: String) {
  chat(id: $id) {
    newest: messages(last: 3, before: $before) {
      pageInfo { hasPreviousPage startCursor }
      edges { cursor node { ${MESSAGE} } }
    }
    oldest: messages(first: 3) { edges { node { seq sender { presence { online } } } } }
  }
}`
const REACT = 'mutation ($input: SetReactionInput!) { setReaction(input: $input) { message { id } } }'
const CHATS = `{ chats(first: 20) { edges { node { id messages(last: 2) { edges { node { body chat { id } } } } } } } }`

const SEND = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { id } } }'
const EDIT = 'mutation ($input: EditMessageInput!) { editMessage(input: $input) { message { id } } }'
const DELETE = 'mutation ($input: DeleteMessageInput!) { deleteMessage(input: $input) { message { id } } }'
const EXPIRE = 'mutation ($input: UpdateChatInput!) { updateChat(input: $input) { chat { id } } }'

type Page = Readonly<{ edges: readonly { cursor: string; node: { body: string; chat: { id: string } } }[] }>
type Chat = Readonly<{ id: string; messages: Page }>

let parley: TestParley
let alice: Person
let bob: Person
let chat: string
beforeAll(async () => {
  parley = await startParley()
  alice = await parley.person('alice')
  bob = await parley.person('bob')
  chat = await alice.startChat(bob)
  const sent = [await alice.send(chat, 'one "quoted" \\ \n 👩‍🚀'), await bob.send(chat, 'two')]
  for (const body of ['three', 'four', 'five']) sent.push(await alice.send(chat, body))
  await alice.run(REACT, { input: { messageId: sent[4]?.id, emoji: '👍', present: true } })
  await bob.markRead(chat, 2)
})
afterAll(() => parley[Symbol.asyncDispose]())

test('a page over a WebSocket is the page over HTTP', async () => {
  const newest = await alice.run<{ chat: { newest: Page } }>(PAGES, { id: chat })
  expect(newest.chat.newest.edges.map(({ node }) => node.body)).toEqual(['three', 'four', 'five'])
  for (const before of [undefined, newest.chat.newest.edges[1]?.cursor]) {
    const overHttp = await alice.post(PAGES, { id: chat, before })
    expect(overHttp.errors).toBeUndefined()
    expect(JSON.stringify(await alice.requestOverSocket(PAGES, { id: chat, before }))).toBe(
      JSON.stringify(overHttp),
    )
  }
})

test('a page that fails over a WebSocket has the errors of HTTP', async () => {
  const query = PAGES.replace('$before: String', '$before: String, $edge: Int')
    .replace('attachments {', 'attachments { thumbnailUrl(maxEdge: $edge)')
    .replace('last: 3, before: $before', 'last: 3, before: "no cursor"')
  const overHttp = await alice.post(query, { id: chat, edge: 7 })
  expect(overHttp.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }])
  expect(await alice.requestOverSocket(query, { id: chat, edge: 7 })).toEqual(overHttp)
})

test('an answer with pages reaches the client of its operation', async () => {
  const chats = await Promise.all([
    alice.createGroup([bob]),
    alice.createGroup([bob]),
    alice.createGroup([bob]),
  ])
  for (const id of chats) await alice.send(id, `of ${id}`)
  const query = `query ($id: ID!) { chat(id: $id) { messages(last: 1) { edges { node { body } } } } }`
  const answers = await Promise.all(chats.map((id) => alice.requestOverSocket(query, { id })))
  expect(answers).toEqual(
    chats.map((id) => ({ data: { chat: { messages: { edges: [{ node: { body: `of ${id}` } }] } } } })),
  )
})

test('pages of many chats are read by few statements', async () => {
  const carol = await parley.person('carol')
  const groups = await Promise.all(Array.from({ length: 15 }, () => carol.createGroup([alice])))
  for (const id of groups) for (const body of [`first of ${id}`, `last of ${id}`]) await carol.send(id, body)
  using recorder = recordStatements()
  const { chats } = await carol.run<{ chats: { edges: readonly { node: Chat }[] } }>(CHATS)
  const reads = recorder.statements.filter(({ name }) => name === 'message_list_backwards')
  expect(reads).toHaveLength(2)
  expect(chats.edges.map(({ node }) => node.id).toSorted()).toEqual(groups.toSorted())
  for (const { node } of chats.edges) {
    expect(node.messages.edges.map((edge) => edge.node)).toEqual(
      ['first', 'last'].map((which) => ({ body: `${which} of ${node.id}`, chat: { id: node.id } })),
    )
  }
})

test('a page has the messages as they are one by one: edited, deleted, expiring, replies, and data', async () => {
  const group = await alice.createGroup([bob])
  const send = async (key: string, more: object): Promise<string> => {
    const input = { chatId: group, clientMessageId: key, ...more }
    const { sendMessage } = await alice.run<{ sendMessage: { message: { id: string } } }>(SEND, { input })
    return sendMessage.message.id
  }
  const plain = await send('the "first" \\ key 👩‍🚀', { body: 'tabs \t, a line\n and "quotes" \\' })
  const edited = await send('edited', { body: 'befor' })
  await alice.run(EDIT, { input: { messageId: edited, body: 'before' } })
  const deleted = await send('deleted', { body: 'gone', type: 'offer', data: { price: 1 } })
  await alice.run(DELETE, { input: { messageId: deleted } })
  const reply = await send('reply', { body: 'yes', replyToId: plain })
  const data = { text: 'a \u001f "b"', list: [1.5, null, true], big: 1e21 }
  const typed = await send('typed', { body: 'here', type: 'place', data })
  await alice.run(EXPIRE, { input: { chatId: group, messageTtlSeconds: 3_600 } })
  const expiring = await send('expiring', { body: 'soon gone' })

  const fields = `${MESSAGE} type data editedAt deletedAt expiresAt kind`
  const alone = await Promise.all(
    [plain, edited, deleted, reply, typed, expiring].map(async (id) => {
      const query = `query ($id: ID!) { node(id: $id) { ... on Message { ${fields} } } }`
      return (await alice.run<{ node: object }>(query, { id })).node
    }),
  )
  for (const page of ['first: 10', 'last: 10']) {
    const query = `query ($id: ID!) { chat(id: $id) { messages(${page}) { edges { node { ${fields} } } } } }`
    const answer = { data: { chat: { messages: { edges: alone.map((node) => ({ node })) } } } }
    expect(await alice.requestOverSocket(query, { id: group })).toEqual(answer)
  }
  expect(alone).toMatchObject([
    { body: 'tabs \t, a line\n and "quotes" \\', clientMessageId: 'the "first" \\ key 👩‍🚀' },
    { body: 'before', editedAt: expect.any(String) as string },
    { body: null, deletedAt: expect.any(String) as string, data: null },
    { replyTo: { id: plain } },
    { body: 'here', type: 'place', data },
    { expiresAt: expect.any(String) as string },
  ])
})
