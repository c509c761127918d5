import { expect, test } from 'vitest'
import { CHATS, DELETE_MESSAGE, EDIT_MESSAGE, SET_REACTION } from '../harness/people/documents.ts'
import { startParley } from '../harness/servers/parley.ts'

const NODE = 'query ($id: ID!) { node(id: $id) { id } }'
const CHAT_ID = 'query ($id: ID!) { chat(id: $id) { id } }'
const NO_SUCH_CHAT = 'chat_01890000-0000-7000-8000-000000000000'

test('answers for the chat of other users exactly as for a chat that does not exist', async () => {
  await using parley = await startParley()
  const [alice, bob, carol] = [
    await parley.person('alice'),
    await parley.person('bob'),
    await parley.person('carol'),
  ]
  const foreign = await alice.startChat(bob)
  const { id: messageId } = await alice.send(foreign, 'Between us')

  const attempts = (chatId: string, message: string): [string, object][] => [
    [CHAT_ID, { id: chatId }],
    [NODE, { id: chatId }],
    [NODE, { id: message }],
    [
      'mutation ($i: SendMessageInput!) { sendMessage(input: $i) { deduplicated } }',
      { i: { chatId, clientMessageId: 'k', body: 'x' } },
    ],
    ['mutation ($i: MarkReadInput!) { markRead(input: $i) { chat { id } } }', { i: { chatId, seq: 1 } }],
    [
      'mutation ($i: MarkDeliveredInput!) { markDelivered(input: $i) { members { readSeq } } }',
      { i: { positions: [{ chatId, seq: 1 }] } },
    ],
    [EDIT_MESSAGE, { input: { messageId: message, body: 'x' } }],
    [DELETE_MESSAGE, { input: { messageId: message } }],
    [SET_REACTION, { input: { messageId: message, emoji: '👍', present: true } }],
    ['subscription ($chatId: ID!) { chatEvents(chatId: $chatId) { __typename } }', { chatId }],
  ]
  const toForeign = attempts(foreign, messageId)
  const toNothing = attempts(NO_SUCH_CHAT, `message_${NO_SUCH_CHAT.slice(5)}_1`)
  for (const [index, [query, variables]] of toForeign.entries()) {
    const [, other] = toNothing[index] ?? ['', {}]
    const answer = await carol.requestOverSocket(query, { ...variables })
    expect(answer).toEqual(await carol.requestOverSocket(query, { ...other }))
    expect(answer.errors?.[0]?.extensions.code ?? null).toBe(query.startsWith('query') ? null : 'NOT_FOUND')
  }
  expect((await alice.fetchChat(foreign)).headSeq).toBe(1)
})

test('shows a direct chat to the other user from its first message on', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  const chatIds = async (person: typeof alice): Promise<string[]> => {
    const { chats } = await person.run<{ chats: { edges: { node: { id: string } }[] } }>(CHATS)
    return chats.edges.map(({ node }) => node.id)
  }
  expect(await chatIds(alice)).toEqual([chat])
  expect(await chatIds(bob)).toEqual([])
  await alice.send(chat, 'Hello')
  expect(await chatIds(bob)).toEqual([chat])
})

test('creates one direct chat for two users, whatever the number of concurrent requests', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const ids = await Promise.all(
    Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? alice.startChat(bob) : bob.startChat(alice))),
  )
  expect(new Set(ids).size).toBe(1)
})

test('keeps devices of different users apart, even if they have the same device id', async () => {
  await using parley = await startParley()
  const [alice, bob, carol] = [
    await parley.person('alice'),
    await parley.person('bob'),
    await parley.person('carol'),
  ]
  const chat = await alice.startChat(bob)
  using atCarol = carol.inbox('phone')
  using atBob = bob.inbox('phone')
  await Promise.all([atCarol.caughtUp(), atBob.caughtUp()])
  await alice.send(chat, 'Between us')
  await atBob.reaches(chat, 1)
  using carolAgain = carol.inbox('phone')
  await carolAgain.caughtUp()
  expect([...atCarol.items.all, ...carolAgain.items.all].map((item) => item.__typename)).toEqual([
    'CaughtUp',
    'CaughtUp',
  ])
})
