import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  DELETE_MESSAGE,
  EDIT_MESSAGE,
  type MessageData,
  SEND_MESSAGE,
  SET_REACTION,
} from '../../harness/people/documents.ts'
import { startParley, type TestParley } from '../../harness/servers/parley.ts'
import type { Person } from '../../harness/people/person.ts'

let parley: TestParley
beforeAll(async () => {
  parley = await startParley()
})
afterAll(() => parley[Symbol.asyncDispose]())

async function people<const Names extends readonly string[]>(...names: Names) {
  const suffix = randomUUID().slice(0, 8)
  const entries = names.map(async (name) => [name, await parley.person(`${name}-${suffix}`)] as const)
  return Object.fromEntries(await Promise.all(entries)) as Record<Names[number], Person>
}

/** Bob was a member, left, and returned: two membership periods with a gap between them. */
async function twoStays() {
  const { alice, bob, carol } = await people('alice', 'bob', 'carol')
  const group = await alice.createGroup([bob, carol])
  const first = await alice.send(group, 'in the first period')
  await alice.removeMember(group, bob)
  const secret = await alice.send(group, 'the secret')
  const answer = await reply(carol, group, secret.id)
  await alice.addMembers(group, [bob])
  const second = await alice.send(group, 'in the second period')
  return { alice, bob, carol, group, first, secret, answer, second }
}

async function reply(person: Person, chatId: string, replyToId: string): Promise<MessageData> {
  const input = { chatId, body: 'an answer', clientMessageId: randomUUID(), replyToId }
  return (await person.run<{ sendMessage: { message: MessageData } }>(SEND_MESSAGE, { input })).sendMessage
    .message
}

/** Queries that return null for invisible objects. */
const BY_ID = `query ($id: ID!, $ids: [ID!]!) { node(id: $id) { id } nodes(ids: $ids) { id } }`

test('hides messages from between two membership periods by id, in pages, replays and replies', async () => {
  const { bob, carol, group, first, secret, answer, second } = await twoStays()
  const ids = [first, secret, answer, second].map(({ id }) => id)
  const seen = await bob.run<{ nodes: unknown[] }>(BY_ID, { id: secret.id, ids })
  expect(seen).toEqual({ node: null, nodes: [{ id: first.id }, null, null, { id: second.id }] })

  const open = await reply(carol, group, secret.id)
  const { messages } = await bob.fetchChat(group)
  expect(messages.edges.map(({ node }) => [node.id, node.replyTo])).toEqual([
    [first.id, null],
    [second.id, null],
    [open.id, null],
  ])
  const { chat } = await bob.run<{ chat: { events: { seq: number }[] } }>(
    'query ($id: ID!) { chat(id: $id) { events(afterSeq: 0) { seq } } }',
    { id: group },
  )
  using stream = bob.chatEvents(group, 0)
  await stream.caughtUp()
  expect(chat.events.map(({ seq }) => seq)).toEqual(stream.seqs(group))
  expect(stream.seqs(group)).toEqual([1, 2, 3, 6, 7, 8])
  expect(JSON.stringify(stream.items.all)).not.toContain('the secret')
})

test('pages across the gap between membership periods in both directions', async () => {
  const { bob, group, first, second } = await twoStays()
  const page = async (args: string): Promise<unknown> => {
    const query = `query ($id: ID!) { chat(id: $id) { messages(${args}) {
      edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    } } }`
    return (await bob.run<{ chat: { messages: unknown } }>(query, { id: group })).chat.messages
  }
  const { messages } = await bob.fetchChat(group)
  const [before, after] = messages.edges.map(({ cursor }) => cursor)
  const edge = {
    one: { cursor: before, node: { id: first.id } },
    two: { cursor: after, node: { id: second.id } },
  }
  expect(await page('first: 1')).toMatchObject({ edges: [edge.one], pageInfo: { hasNextPage: true } })
  expect(await page(`first: 1, after: "${before}"`)).toMatchObject({
    edges: [edge.two],
    pageInfo: { hasNextPage: false },
  })
  expect(await page('last: 1')).toMatchObject({ edges: [edge.two], pageInfo: { hasPreviousPage: true } })
  expect(await page(`last: 1, before: "${after}"`)).toMatchObject({
    edges: [edge.one],
    pageInfo: { hasPreviousPage: false },
  })
})

test('conceals the content of an earlier message that changes within the membership period', async () => {
  const { alice, bob, carol, group, secret, answer } = await twoStays()
  using atBob = bob.inbox('phone')
  using atCarol = carol.inbox('phone')
  await Promise.all([atBob.caughtUp(), atCarol.caughtUp()])
  await carol.run(SET_REACTION, { input: { messageId: secret.id, emoji: '👀', present: true } })
  await alice.run(EDIT_MESSAGE, { input: { messageId: secret.id, body: 'still the secret' } })
  await carol.run(EDIT_MESSAGE, { input: { messageId: answer.id, body: 'still an answer' } })
  await alice.run(DELETE_MESSAGE, { input: { messageId: secret.id } })
  await Promise.all([atBob.reaches(group, 11), atCarol.reaches(group, 11)])

  expect(atCarol.uniqueEvents(group).map(({ message }) => message?.body)).toEqual([
    'the secret',
    'still the secret',
    'still an answer',
    null,
  ])
  using replay = bob.chatEvents(group, 7)
  await replay.caughtUp()
  for (const stream of [atBob, replay]) {
    expect(stream.seqs(group)).toEqual([8, 9, 10, 11])
    for (const { message } of stream.uniqueEvents(group)) {
      expect(message).toMatchObject({ body: null, reactions: [], replyTo: null })
    }
  }
  const react = { input: { messageId: answer.id, emoji: '👀', present: true } }
  expect((await bob.post(SET_REACTION, react)).errors?.[0]?.extensions.code).toBe('NOT_FOUND')
})

test('shows a group to a former member as it was when the member left', async () => {
  const { alice, bob, carol, dave } = await people('alice', 'bob', 'carol', 'dave')
  const group = await alice.createGroup([bob, carol], { title: 'Tea' })
  await alice.send(group, 'hello')
  await bob.leave(group)
  const left = await bob.fetchChat(group)
  await alice.addMembers(group, [dave])
  await alice.removeMember(group, carol)
  await alice.setRole(group, dave, 'OWNER')
  await alice.updateChat(group, { title: 'Without bob', messageTtlSeconds: 60 })
  await dave.send(group, 'is bob gone?')

  const seen = await bob.fetchChat(group)
  expect(seen).toMatchObject({ title: 'Tea', memberCount: 2, messageTtlSeconds: null, headSeq: 3 })
  expect({ ...seen, messages: left.messages, lastMessage: left.lastMessage }).toEqual(left)
  expect(seen.members.edges.map(({ node }) => node.user.id)).toEqual([bob.id])
  expect(JSON.stringify(seen)).not.toContain(dave.id)
})

test('reveals no other chats of the members of a shared group', async () => {
  const { alice, bob, carol } = await people('alice', 'bob', 'carol')
  const shared = await alice.createGroup([bob, carol])
  const foreign = await alice.createGroup([bob], { title: 'Not for carol' })
  const direct = await alice.startChat(bob)
  const whispers = [await alice.send(foreign, 'a whisper'), await alice.send(direct, 'another')]

  const ids = [foreign, direct, ...whispers.map(({ id }) => id)]
  expect(await carol.run(BY_ID, { id: foreign, ids })).toEqual({
    node: null,
    nodes: [null, null, null, null],
  })
  for (const { id: replyToId } of whispers) {
    const input = { chatId: shared, body: 'what?', clientMessageId: randomUUID(), replyToId }
    const codes = (await carol.post(SEND_MESSAGE, { input })).errors?.map(({ extensions }) => extensions.code)
    expect(codes).toEqual(['BAD_USER_INPUT'])
  }
  const everything = await carol.run<object>(`{ chats(first: 10) { edges { node {
    id members(first: 10) { edges { node { user { id } } } } messages(first: 10) { edges { node { body chat { id } } } }
  } } } }`)
  for (const text of [foreign, direct, 'whisper']) expect(JSON.stringify(everything)).not.toContain(text)
})
