import { expect, test } from 'vitest'
import { SERVER_API, startParley, type TestParley } from '../../harness/servers/parley.ts'
import type { Backend } from '../../harness/people/backend.ts'

const UPSERT = 'mutation ($users: [UserInput!]!) { upsertUsers(users: $users) { id name avatarUrl } }'
const ENSURE = `mutation ($input: EnsureGroupInput!) {
  ensureGroup(input: $input) { created chat { id title members { edges { node { user { id } role } } } } } }`
const UPDATE_MEMBERS = `mutation ($input: UpdateMembersInput!) {
  updateMembers(input: $input) { members { edges { node { user { id } role } } } } }`
const SEND = `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { deduplicated message { id seq } } }`
const EVENTS = `query ($chatId: ID!, $afterSeq: Int!) {
  events(chatId: $chatId, afterSeq: $afterSeq) { seq type actor { id } user { id } role message { body } } }`

type Members = Readonly<{ edges: readonly { node: { user: { id: string }; role: string } }[] }>
type Group = Readonly<{ created: boolean; chat: { id: string; title: string; members: Members } }>

test('people can be in a chat before they sign in, and find its messages then', async () => {
  await using parley = await startParley({ config: SERVER_API })
  const backend = await parley.backend()
  await upsert(backend, 'alice', 'bob')
  const { ensureDirectChat: chat } = await backend.run<{ ensureDirectChat: { id: string } }>(
    'mutation { ensureDirectChat(userIds: ["user_alice", "user_bob"]) { id } }',
  )
  await sendAs(backend, 'alice', chat.id, 'Your order has shipped')
  const bob = await parley.person('bob')
  const data = await bob.run('{ chats { edges { node { id lastMessage { body sender { name } } } } } }')
  const lastMessage = { body: 'Your order has shipped', sender: { name: 'Alice' } }
  expect(data).toEqual({ chats: { edges: [{ node: { id: chat.id, lastMessage } }] } })
})

test('a message in the name of a user arrives once, like any other', async () => {
  await using parley = await startParley({ config: SERVER_API })
  const backend = await parley.backend()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chatId = await alice.startChat(bob)
  using inbox = bob.inbox('phone')
  await inbox.caughtUp()
  const first = await sendAs(backend, 'alice', chatId, 'Hello', 'key-1')
  const again = await sendAs(backend, 'alice', chatId, 'Hello', 'key-1')
  expect([first, again]).toMatchObject([
    { deduplicated: false, message: { seq: 1 } },
    { deduplicated: true, message: { seq: 1 } },
  ])
  await inbox.reaches(chatId, 1)
  const conflict = { input: sendInput('alice', chatId, 'Other', 'key-1') }
  expect(await backend.codeOf(SEND, conflict)).toBe('CONFLICT')
})

test('sending in the name of a user does not make the user online', async () => {
  await using parley = await startParley({ config: SERVER_API })
  const backend = await parley.backend()
  await upsert(backend, 'alice')
  const bob = await parley.person('bob')
  const { chat } = await ensureGroup(backend, { ownerIds: ['user_alice'], memberIds: [bob.id] })
  await sendAs(backend, 'alice', chat.id, 'Automatic greeting')
  const seen = await bob.run(`{ chat(id: "${chat.id}") { members { edges { node { user {
    id presence { online lastSeenAt } } } } } } }`)
  expect(JSON.stringify(seen)).toContain('{"id":"user_alice","presence":{"online":false,"lastSeenAt":null}}')
})

test('sends many messages in order, and says which of them failed', async () => {
  await using parley = await startParley({ config: SERVER_API })
  const backend = await parley.backend()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chatId = await alice.startChat(bob)
  const inputs = ['one', '', 'three'].map((body, index) => sendInput('alice', chatId, body, `${index}`))
  const data = await backend.run(
    `mutation ($inputs: [SendMessageInput!]!) { sendMessages(inputs: $inputs) {
      sent { message { seq body } } failure { code retryable } } }`,
    { inputs },
  )
  expect(data).toEqual({
    sendMessages: [
      { sent: { message: { seq: 1, body: 'one' } }, failure: null },
      { sent: null, failure: { code: 'BAD_USER_INPUT', retryable: false } },
      { sent: { message: { seq: 2, body: 'three' } }, failure: null },
    ],
  })
})

test('messages of several senders and of the system keep the order of the list', async () => {
  await using parley = await startParley({ config: SERVER_API })
  const backend = await parley.backend()
  await upsert(backend, 'alice', 'bob')
  const { chat } = await ensureGroup(backend, { ownerIds: ['user_alice'], memberIds: ['user_bob'] })
  const inputs = ['user_alice', null, 'user_bob', 'user_alice', null].map((senderId, index) => ({
    chatId: chat.id,
    senderId,
    body: `${index}`,
    clientMessageId: `${index}`,
  }))
  const { sendMessages } = await backend.run<{ sendMessages: { sent: Sent }[] }>(
    'mutation ($inputs: [SendMessageInput!]!) { sendMessages(inputs: $inputs) { sent { message { seq } } } }',
    { inputs },
  )
  expect(sendMessages.map(({ sent }) => sent.message.seq)).toEqual([2, 3, 4, 5, 6])
})

test('the same key names the same group, also for calls at the same time', async () => {
  await using parley = await startParley({ config: SERVER_API })
  const backend = await parley.backend()
  await upsert(backend, 'alice', 'bob')
  const group = { ownerIds: ['user_alice'], memberIds: ['user_bob'] }
  const groups = await Promise.all(Array.from({ length: 5 }, () => ensureGroup(backend, group)))
  expect(new Set(groups.map(({ chat }) => chat.id)).size).toBe(1)
  expect(groups.filter(({ created }) => created)).toHaveLength(1)
  const renamed = await ensureGroup(backend, { ...group, title: 'Other' })
  expect(renamed).toMatchObject({ created: false, chat: { title: 'Order 7' } })
  expect(rolesOf(renamed.chat.members)).toEqual({ user_alice: 'OWNER', user_bob: 'MEMBER' })
})

test('updates members in one step, and a late retry does not undo later changes', async () => {
  await using parley = await startParley({ config: SERVER_API })
  const backend = await parley.backend()
  await upsert(backend, 'alice', 'bob', 'carol')
  const { chat } = await ensureGroup(backend, { ownerIds: ['user_alice'], memberIds: ['user_bob'] })
  const handOver = {
    chatId: chat.id,
    key: 'hand-over',
    set: [{ userId: 'user_carol', role: 'OWNER' }, { userId: 'user_bob' }],
    remove: ['user_alice'],
  }
  expect(await updateMembers(backend, handOver)).toEqual({ user_bob: 'MEMBER', user_carol: 'OWNER' })
  const back = { chatId: chat.id, key: 'back', set: [{ userId: 'user_alice', role: 'ADMIN' }] }
  const withAlice = { user_alice: 'ADMIN', user_bob: 'MEMBER', user_carol: 'OWNER' }
  expect(await updateMembers(backend, back)).toEqual(withAlice)
  expect(await updateMembers(backend, handOver)).toEqual(withAlice)
  const { events } = await backend.run<{ events: unknown[] }>(EVENTS, { chatId: chat.id, afterSeq: 1 })
  const actor = { id: 'user_parley:system' }
  expect(events).toMatchObject([
    { seq: 2, type: 'MEMBER_REMOVED', actor, user: { id: 'user_alice' } },
    { seq: 3, type: 'MEMBER_ADDED', actor, user: { id: 'user_carol' } },
    { seq: 4, type: 'MEMBER_ROLE_CHANGED', actor, user: { id: 'user_carol' }, role: 'OWNER' },
    { seq: 5, type: 'MEMBER_ADDED', actor, user: { id: 'user_alice' } },
    { seq: 6, type: 'MEMBER_ROLE_CHANGED', actor, user: { id: 'user_alice' }, role: 'ADMIN' },
  ])
})

test('a key of an update of members cannot be used for another update', async () => {
  await using parley = await startParley({ config: SERVER_API })
  const backend = await parley.backend()
  await upsert(backend, 'alice', 'bob', 'carol')
  const { chat } = await ensureGroup(backend, { ownerIds: ['user_alice'], memberIds: [] })
  const update = { chatId: chat.id, key: 'x', set: [{ userId: 'user_bob' }, { userId: 'user_carol' }] }
  await updateMembers(backend, update)
  const all = { user_alice: 'OWNER', user_bob: 'MEMBER', user_carol: 'MEMBER' }
  expect(await updateMembers(backend, { ...update, set: update.set.toReversed() })).toEqual(all)
  const codeOf = (other: object) => backend.codeOf(UPDATE_MEMBERS, { input: { ...update, ...other } })
  expect(await codeOf({ set: [{ userId: 'user_bob' }] })).toBe('CONFLICT')
  expect(await codeOf({ set: [], remove: ['user_bob', 'user_carol'] })).toBe('CONFLICT')
  expect(await updateMembers(backend, update)).toEqual(all)
})

test('keeps an owner in each group, and rejects a user that is named twice or does not exist', async () => {
  await using parley = await startParley({ config: SERVER_API })
  const backend = await parley.backend()
  await upsert(backend, 'alice', 'bob')
  const { chat } = await ensureGroup(backend, { ownerIds: ['user_alice'], memberIds: ['user_bob'] })
  const codeOf = (update: object) =>
    backend.codeOf(UPDATE_MEMBERS, { input: { chatId: chat.id, key: 'x', ...update } })
  expect(await codeOf({ remove: ['user_alice'] })).toBe('FORBIDDEN')
  expect(await codeOf({ set: [{ userId: 'user_alice' }] })).toBe('FORBIDDEN')
  expect(await codeOf({ set: [{ userId: 'user_bob' }], remove: ['user_bob'] })).toBe('BAD_USER_INPUT')
  expect(await codeOf({ set: [{ userId: 'user_unknown' }] })).toBe('NOT_FOUND')
  expect(await codeOf({})).toBe('BAD_USER_INPUT')
  expect(await updateMembers(backend, { chatId: chat.id, key: 'x', set: [{ userId: 'user_bob' }] })).toEqual({
    user_alice: 'OWNER',
    user_bob: 'MEMBER',
  })
})

test("members see the backend's changes as they happen", async () => {
  await using stage = await groupWithInbox()
  const { backend, inbox, chatId } = stage
  await backend.run(`mutation { updateChat(input: { chatId: "${chatId}", title: "Shipped" }) { title } }`)
  await inbox.reaches(chatId, 2)
  const { message } = await sendAs(backend, 'alice', chatId, 'Rude')
  await backend.run(`mutation { editMessage(input: { messageId: "${message.id}", body: "Kind" }) { body } }`)
  await backend.run(`mutation { deleteMessage(input: { messageId: "${message.id}" }) { deletedAt } }`)
  await inbox.reaches(chatId, 5)
  expect(inbox.items.all.map(({ __typename }) => __typename)).toEqual(
    expect.arrayContaining(['ChatUpdated', 'MessageSent', 'MessageEdited', 'MessageDeleted']),
  )
})

async function groupWithInbox() {
  const resources = new AsyncDisposableStack()
  const parley: TestParley = resources.use(await startParley({ config: SERVER_API }))
  const backend = await parley.backend()
  await upsert(backend, 'alice')
  const bob = await parley.person('bob')
  const { chat } = await ensureGroup(backend, { ownerIds: ['user_alice'], memberIds: [bob.id] })
  const inbox = resources.use(bob.inbox('phone'))
  await inbox.caughtUp()
  return { backend, inbox, chatId: chat.id, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}

async function upsert(backend: Backend, ...subjects: readonly string[]): Promise<void> {
  const users = subjects.map((subject) => ({
    id: `user_${subject}`,
    name: subject.replace(/^./, (first) => first.toUpperCase()),
  }))
  await backend.run(UPSERT, { users })
}

async function ensureGroup(backend: Backend, input: object): Promise<Group> {
  const variables = { input: { key: 'order-7', title: 'Order 7', ...input } }
  return (await backend.run<{ ensureGroup: Group }>(ENSURE, variables)).ensureGroup
}

async function updateMembers(backend: Backend, input: object): Promise<Record<string, string>> {
  const data = await backend.run<{ updateMembers: { members: Members } }>(UPDATE_MEMBERS, { input })
  return rolesOf(data.updateMembers.members)
}

function rolesOf({ edges }: Members): Record<string, string> {
  return Object.fromEntries(edges.map(({ node }) => [node.user.id, node.role]))
}

type Sent = Readonly<{ deduplicated: boolean; message: { id: string; seq: number } }>

async function sendAs(
  backend: Backend,
  subject: string,
  chatId: string,
  body: string,
  key = body,
): Promise<Sent> {
  const input = sendInput(subject, chatId, body, key)
  return (await backend.run<{ sendMessage: Sent }>(SEND, { input })).sendMessage
}

function sendInput(subject: string, chatId: string, body: string, key: string) {
  return { senderId: `user_${subject}`, chatId, body, clientMessageId: key }
}
