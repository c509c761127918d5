import { expect, test } from 'vitest'
import { Stream } from '../../harness/people/person.ts'
import { SERVER_API, startParley, type TestParley } from '../../harness/servers/parley.ts'

const SEND = `mutation ($input: SendMessageInput!) {
  sendMessage(input: $input) { deduplicated message { id seq type data } } }`
const SEEN = `query ($id: ID!) { chat(id: $id) { data lastMessage { body type data sender { data } } } }`
const EVENTS = `subscription ($device: String) { inbox(deviceId: $device) { __typename
  ... on ChatEvent { seq chat { id } } ... on MessageSent { message { type data } } } }`
const ORDER = { order: 7, lines: [{ name: 'Tea', cents: 450 }], note: null, paid: true }

test('the data of a message reaches members live, in history and in a replay, and is part of the key', async () => {
  await using stage = await startConversation()
  const { alice, bob, chatId } = stage
  using live = new Stream(bob.socket, EVENTS, { device: 'phone' })
  const away = new Stream(bob.socket, EVENTS, { device: 'laptop' })
  await Promise.all([live.caughtUp(), away.caughtUp()])
  away.close()
  const input = { chatId, clientMessageId: 'k', body: 'Order 7', type: 'order.placed', data: ORDER }
  const sent = await alice.run<Sent>(SEND, { input })
  const expected = { type: 'order.placed', data: ORDER }
  expect(sent.sendMessage).toMatchObject({ deduplicated: false, message: expected })
  await live.reaches(chatId, 1)
  using back = new Stream(bob.socket, EVENTS, { device: 'laptop' })
  await back.reaches(chatId, 1)
  for (const stream of [live, back]) {
    expect(stream.items.all.find(({ seq }) => seq === 1)).toMatchObject({ message: expected })
  }
  const { note, paid, order, lines } = ORDER
  const reordered = { ...input, data: { paid, note, lines, order } }
  expect((await alice.run<Sent>(SEND, { input: reordered })).sendMessage.deduplicated).toBe(true)
  for (const other of [{ type: 'order.paid' }, { data: { order: 8 } }, { type: null, data: null }]) {
    const { errors } = await alice.post(SEND, { input: { ...input, ...other } })
    expect(errors?.[0]?.extensions.code).toBe('CONFLICT')
  }
  expect(await bob.run(SEEN, { id: chatId })).toMatchObject({ chat: { lastMessage: expected } })
})

test('an edit keeps the data of a message, and deleting it removes the data', async () => {
  await using stage = await startConversation()
  const { alice, chatId } = stage
  const input = { chatId, clientMessageId: 'k', body: 'Order 7', type: 'order.placed', data: ORDER }
  const { id } = (await alice.run<Sent>(SEND, { input })).sendMessage.message
  const change = 'message { body type data }'
  const edited = await alice.run(
    `mutation { editMessage(input: { messageId: "${id}", body: "New" }) { ${change} } }`,
  )
  const kept = { body: 'New', type: 'order.placed', data: ORDER }
  expect(edited).toEqual({ editMessage: { message: kept } })
  const gone = { message: { body: null, type: null, data: null } }
  const deleted = await alice.run(`mutation { deleteMessage(input: { messageId: "${id}" }) { ${change} } }`)
  expect(deleted).toEqual({ deleteMessage: gone })
  expect(await alice.run(SEEN, { id: chatId })).toMatchObject({ chat: { lastMessage: gone.message } })
})

test('chats and users have data, which the backend sets and members read', async () => {
  await using stage = await startConversation()
  const { backend, alice, bob } = stage
  await backend.run(`mutation { upsertUsers(users: [{ id: "${alice.id}", name: "Alice", data: { plan: "gold" } }]) {
    data } }`)
  const group = await backend.run<{ ensureGroup: { chat: { id: string } } }>(
    `mutation { ensureGroup(input: { key: "order-7", title: "Order 7", ownerIds: ["${alice.id}"],
      memberIds: ["${bob.id}"], data: { order: 7 } }) { chat { id data } } }`,
  )
  expect(group).toMatchObject({ ensureGroup: { chat: { data: { order: 7 } } } })
  const { id } = group.ensureGroup.chat
  await alice.send(id, 'Hello')
  const user = { data: { plan: 'gold' } }
  expect(await bob.run(SEEN, { id })).toMatchObject({
    chat: { data: { order: 7 }, lastMessage: { sender: user } },
  })
  const update = 'mutation ($input: UpdateChatInput!) { updateChat(input: $input) { chat { headSeq data } } }'
  const changed = await alice.run(update, { input: { chatId: id, data: { order: 7, state: 'shipped' } } })
  expect(changed).toEqual({ updateChat: { chat: { headSeq: 3, data: { order: 7, state: 'shipped' } } } })
  const same = await alice.run(update, { input: { chatId: id, data: { state: 'shipped', order: 7 } } })
  expect(same).toMatchObject({ updateChat: { chat: { headSeq: 3 } } })
  expect((await bob.post(update, { input: { chatId: id, data: null } })).errors?.[0]?.extensions.code).toBe(
    'FORBIDDEN',
  )
  const removed = await alice.run(update, { input: { chatId: id, data: null } })
  expect(removed).toEqual({ updateChat: { chat: { headSeq: 4, data: null } } })
  // A token does not change the data of its user, and an upsert without data keeps it.
  await backend.run(`mutation { upsertUsers(users: [{ id: "${alice.id}", name: "Alicia" }]) { name } }`)
  const { users } = await backend.run<{ users: unknown }>(`{ users(ids: ["${alice.id}"]) { name data } }`)
  expect(users).toEqual([{ name: 'Alicia', data: { plan: 'gold' } }])
})

test('data that is too large, too deep or no object is rejected, in variables and in the document', async () => {
  await using stage = await startConversation()
  const { alice, chatId } = stage
  const deep = JSON.parse('{"a":'.repeat(9) + '1' + '}'.repeat(9)) as unknown
  const bad = [{ text: 'x'.repeat(4_096) }, deep, [1], 'text', 7]
  for (const data of bad) {
    const { errors } = await alice.post(SEND, { input: { chatId, clientMessageId: 'k', body: 'b', data } })
    expect(errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT')
  }
  const literal = (
    data: string,
  ) => `mutation { sendMessage(input: { chatId: "${chatId}", clientMessageId: "k",
    body: "b", data: ${data} }) { message { data } } }`
  expect((await alice.post(literal('[1]'))).errors?.[0]?.extensions.code).toBe('BAD_USER_INPUT')
  expect(await alice.run(literal('{ a: { b: [1, true, null] } }'))).toEqual({
    sendMessage: { message: { data: { a: { b: [1, true, null] } } } },
  })
})

type Sent = Readonly<{ sendMessage: { deduplicated: boolean; message: { id: string } } }>

async function startConversation() {
  const parley: TestParley = await startParley({ config: SERVER_API })
  const backend = await parley.backend()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chatId = await alice.startChat(bob)
  return { backend, alice, bob, chatId, [Symbol.asyncDispose]: () => parley[Symbol.asyncDispose]() }
}
