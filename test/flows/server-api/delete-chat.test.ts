import { expect, test } from 'vitest'
import { fillChat, leftOfChats, makeDeletedChatsDue } from '../../harness/fixtures/deleted-chats.ts'
import { upload } from '../../harness/people/files.ts'
import { ModelClient } from '../../harness/people/model-client.ts'
import type { Person, Variables } from '../../harness/people/person.ts'
import { query } from '../../harness/servers/database.ts'
import { SERVER_API, startParley, type TestParley } from '../../harness/servers/parley.ts'

const DELETE = 'mutation ($chatId: ID!) { deleteChat(chatId: $chatId) { chatId deleted } }'
const SEND = `mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { id } } }`
const SEEN = `query ($id: ID!) { chat(id: $id) { id } node(id: $id) { id } chats { edges { node { id } } } }`
const NOTHING = { chat: null, node: null, chats: { edges: [] } }

test('members lose a deleted chat at once, devices that are away when they come back, and no call finds it', async () => {
  await using stage = await startGroup()
  const { backend, alice, bob, chatId } = stage
  using live = alice.inbox('phone')
  const away = bob.inbox('laptop')
  using only = bob.chatEvents(chatId)
  await Promise.all([live.caughtUp(), away.caughtUp(), only.caughtUp()])
  away.close()
  expect(await backend.run(DELETE, { chatId })).toEqual({ deleteChat: { chatId, deleted: true } })
  await Promise.all([live.reaches(chatId, 3), only.reaches(chatId, 3)])
  expect(live.items.all.at(-1)).toMatchObject({
    __typename: 'ChatDeleted',
    seq: 3,
    actor: { id: 'user_parley:system' },
  })
  using back = bob.inbox('laptop')
  await back.reaches(chatId, 3)
  expect(back.items.all.filter(({ chat }) => chat?.id === chatId)).toMatchObject([
    { __typename: 'ChatDeleted', seq: 3 },
  ])
  for (const person of [alice, bob]) expect(await person.run(SEEN, { id: chatId })).toEqual(NOTHING)
})

test('every later call answers NOT_FOUND, but deleting again succeeds', async () => {
  await using stage = await startGroup()
  const { backend, alice, chatId, group } = stage
  await backend.run(DELETE, { chatId })
  expect(await backend.run(DELETE, { chatId })).toEqual({ deleteChat: { chatId, deleted: false } })
  const input = { chatId, clientMessageId: 'late', body: 'Too late' }
  const codes = [
    await backend.codeOf(SEND, { input }),
    await backend.codeOf(SEND, { input: { ...input, senderId: alice.id } }),
    await codeOf(alice, SEND, { input }),
    await backend.codeOf(`mutation { updateChat(input: { chatId: "${chatId}", title: "New" }) { id } }`),
    await backend.codeOf(`{ events(chatId: "${chatId}", afterSeq: 0) { seq } }`),
    await backend.codeOf(group.document, group.variables),
    await codeOf(
      alice,
      `mutation { setTyping(input: { chatId: "${chatId}", typing: true }) { chat { id } } }`,
    ),
    await codeOf(
      alice,
      `mutation { editMessage(input: { messageId: "${messageId(chatId, 2)}", body: "New" }) {
      message { id } } }`,
    ),
  ]
  expect(codes).toEqual(codes.map(() => 'NOT_FOUND'))
  const unknown = 'chat_01900000-0000-7000-8000-000000000000'
  expect(await backend.codeOf(DELETE, { chatId: unknown })).toBe('NOT_FOUND')
})

test('a former member loses the chat, and the two users of a direct chat can begin another', async () => {
  await using stage = await startGroup()
  const { backend, alice, bob, chatId } = stage
  await bob.run(
    `mutation { removeMember(input: { chatId: "${chatId}", userId: "${bob.id}" }) { chat { id } } }`,
  )
  const direct = await alice.startChat(bob)
  await alice.send(direct, 'Hello')
  for (const id of [chatId, direct]) await backend.run(DELETE, { chatId: id })
  expect(await bob.run(SEEN, { id: chatId })).toEqual(NOTHING)
  const next = await alice.startChat(bob)
  expect(next).not.toBe(direct)
  await bob.send(next, 'Hello again')
})

test('the sweep deletes rows and files step by step, and goes on after a gateway that stopped', async () => {
  await using stage = await startGroup()
  const { parley, backend, alice, chatId } = stage
  const file = await upload(alice, Buffer.from('A plan of the garden'))
  const input = { chatId, clientMessageId: 'file', attachmentIds: [file.id] }
  const sent = await alice.run<{ sendMessage: { message: { id: string } } }>(SEND, { input })
  await alice.run(`mutation { setReaction(input: { messageId: "${sent.sendMessage.message.id}", emoji: "👍",
    present: true }) { message { id } } }`)
  // More than a step deletes.
  await fillChat(parley.databaseUrl, chatId, 1_204)
  await backend.run(DELETE, { chatId })
  await makeDeletedChatsDue(parley.databaseUrl)
  await expect
    .poll(() => leftOfChats(parley.databaseUrl), { timeout: 20_000 })
    .toEqual({ events: 1, messages: 0, reactions: 0, files: 0 })
  const members = await query(parley.databaseUrl, 'SELECT count(*)::int AS count FROM members')
  expect(members).toEqual([{ count: 2 }])
  await makeDeletedChatsDue(parley.databaseUrl)
  await expect.poll(() => query(parley.databaseUrl, LEFT), { timeout: 20_000 }).toEqual([{ count: 0 }])
})

test('a chat whose rows cannot be deleted does not hold back another one', async () => {
  await using stage = await startGroup()
  const { parley, backend, alice, chatId } = stage
  const other = await alice.createGroup([])
  await query(
    parley.databaseUrl,
    `
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'a broken index'; END $$`,
  )
  await query(
    parley.databaseUrl,
    `
    CREATE TRIGGER refuse BEFORE DELETE ON messages FOR EACH ROW
    WHEN (OLD.chat_id = '${chatId.replace('chat_', '')}') EXECUTE FUNCTION refuse()`,
  )
  for (const id of [chatId, other]) await backend.run(DELETE, { chatId: id })
  await query(
    parley.databaseUrl,
    `
    UPDATE deleted_chats SET due_at = now() - make_interval(secs => (chat_id = $1)::int)`,
    [chatId.replace('chat_', '')],
  )
  await expect
    .poll(() => query(parley.databaseUrl, EMPTIED), { timeout: 20_000 })
    .toEqual([{ chatId: other }])
  await query(parley.databaseUrl, 'DROP TRIGGER refuse ON messages')
  const emptied = async (): Promise<number> => {
    // Again each time: an attempt that failed before the trigger was dropped may postpone the chat afterwards.
    await query(parley.databaseUrl, 'UPDATE deleted_chats SET due_at = now() WHERE NOT is_emptied')
    return (await query(parley.databaseUrl, EMPTIED)).length
  }
  await expect.poll(emptied, { timeout: 20_000 }).toBe(2)
})

test('a client that follows the protocol removes the chat', async () => {
  await using stage = await startGroup()
  const { backend, alice, chatId } = stage
  await using client = await ModelClient.start(alice, 'phone')
  await backend.run(DELETE, { chatId })
  await client.catchUp()
  expect(client.state()).toEqual([])
})

const LEFT = `
  SELECT ((SELECT count(*) FROM chats) + (SELECT count(*) FROM members) + (SELECT count(*) FROM chat_events)
    + (SELECT count(*) FROM device_positions) + (SELECT count(*) FROM deleted_chats)
    + (SELECT count(*) FROM log_floors))::int AS count`

const EMPTIED = `SELECT 'chat_' || chat_id AS "chatId" FROM deleted_chats WHERE is_emptied`

async function codeOf(person: Person, document: string, variables: Variables = {}): Promise<unknown> {
  return (await person.post(document, variables)).errors?.[0]?.extensions.code
}

function messageId(chatId: string, seq: number): string {
  return `${chatId.replace('chat_', 'message_')}_${seq}`
}

/** A group of alice and bob with one message. */
async function startGroup() {
  const parley: TestParley = await startParley({ config: SERVER_API, media: 'folder' })
  const backend = await parley.backend()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const document = 'mutation ($input: EnsureGroupInput!) { ensureGroup(input: $input) { chat { id } } }'
  const input = { key: 'order-7', title: 'Order 7', ownerIds: [alice.id], memberIds: [bob.id] }
  const group = { document, variables: { input } }
  const { ensureGroup } = await backend.run<{ ensureGroup: { chat: { id: string } } }>(document, { input })
  const chatId = ensureGroup.chat.id
  await alice.send(chatId, 'Hello')
  const dispose = () => parley[Symbol.asyncDispose]()
  return { parley, backend, alice, bob, chatId, group, [Symbol.asyncDispose]: dispose }
}
