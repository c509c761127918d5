import { randomUUID } from 'node:crypto'
import { gql, type TypedDocumentNode } from '@apollo/client'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createApolloClient } from '../../../examples/apollo-client.ts'
import { OLDER, SEND } from '../../../examples/hand-written/documents.ts'
import {
  DELETE_MESSAGE,
  EDIT_MESSAGE,
  type SendMessageData,
  SET_REACTION,
} from '../../harness/people/documents.ts'
import { startHttpProxy } from '../../harness/network/http-proxy.ts'
import { startParley } from '../../harness/servers/parley.ts'
import { startTcpProxy } from '../../harness/network/tcp-proxy.ts'
import { App, type Shown } from './apollo-app.ts'

const bodiesOf = ({ messages }: Shown): (string | null)[] => messages.edges.map(({ node }) => node.body)

// In development Apollo reports problems of a cache on the console.
beforeEach(() => void vi.spyOn(console, 'warn'))
afterEach(() => {
  expect(console.warn).not.toHaveBeenCalled()
  vi.restoreAllMocks()
})

test("Apollo's cache holds the chats and the inbox events without a second query", async () => {
  const requests = vi.spyOn(globalThis, 'fetch')
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  await alice.send(chat, 'one')
  await using app = new App(bob, parley.url)
  await app.shows(chat, (it) => bodiesOf(it).length === 1)

  await alice.send(chat, 'two')
  const shown = await app.shows(chat, (it) => bodiesOf(it).length === 2)
  expect(bodiesOf(shown)).toEqual(['one', 'two'])
  const queries = requests.mock.calls.filter(([, init]) => JSON.stringify(init?.body).includes('query Chats'))
  expect(queries).toHaveLength(1)
})

test('edits, reactions and deletions update the cache by themselves', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  const { id: messageId } = await alice.send(chat, 'Helo')
  await using app = new App(bob, parley.url)
  await app.shows(chat, (it) => bodiesOf(it)[0] === 'Helo')

  await alice.run(EDIT_MESSAGE, { input: { messageId, body: 'Hello' } })
  await app.shows(chat, (it) => bodiesOf(it)[0] === 'Hello')
  await alice.run(SET_REACTION, { input: { messageId, emoji: '👍', present: true } })
  const liked = await app.shows(chat, (it) => it.messages.edges[0]?.node.reactions.length === 1)
  expect(liked.messages.edges[0]?.node.reactions).toMatchObject([{ emoji: '👍', users: [{ id: alice.id }] }])
  await alice.run(DELETE_MESSAGE, { input: { messageId } })
  const deleted = await app.shows(chat, (it) => bodiesOf(it)[0] === null)
  expect(deleted.messages.edges[0]?.node.deletedAt).not.toBeNull()
})

test('an edit during the query of the chats is not undone by the older result', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  const { id: messageId } = await alice.send(chat, 'Helo')
  const [asked, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  await using proxy = await startHttpProxy(parley.url, async (body) => {
    if (body.includes('query Chats')) asked.resolve()
    await released.promise
    return true
  })
  await using app = new App(bob, parley.url, proxy.url)
  await asked.promise
  using witness = bob.inbox('laptop')
  await witness.caughtUp()
  await alice.run(EDIT_MESSAGE, { input: { messageId, body: 'Hello' } })
  await witness.reaches(chat, 2)
  released.resolve()
  await app.shows(chat, (it) => bodiesOf(it)[0] === 'Hello')
})

test('receipts update the message status in the cache by themselves', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  const { seq } = await alice.send(chat, 'Hello')
  await using app = new App(alice, parley.url)
  const hasRead = ({ members }: Shown): boolean =>
    members.edges.some(({ node }) => node.user.id === bob.id && node.readSeq >= seq)
  expect(hasRead(await app.shows(chat, () => true))).toBe(false)
  await bob.markRead(chat, seq)
  await app.shows(chat, hasRead)
})

test('a new chat appears', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const [early, late] = [await alice.startChat(bob), await (await parley.person('carol')).startChat(bob)]
  await alice.send(early, 'Hello')
  await using app = new App(bob, parley.url)
  await app.shows(early, () => true)
  await (await parley.person('carol')).send(late, 'Hello from Carol')
  expect(bodiesOf(await app.shows(late, () => true))).toEqual(['Hello from Carol'])
})

test('RetryLink repeats a send whose answer was lost, and there is one message', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  const known = new Set<string>()
  await using proxy = await startHttpProxy(parley.url, async (body) => known.size === known.add(body).size)
  const client = createApolloClient(proxy.url, () => alice.token, alice.socket)
  const mutation: TypedDocumentNode<SendMessageData> = gql(SEND)
  const { data } = await client.mutate({
    mutation,
    variables: { chatId: chat, clientMessageId: randomUUID(), body: 'Hello' },
  })
  expect(data?.sendMessage.deduplicated).toBe(true)
  expect((await bob.fetchChat(chat)).messages.edges).toHaveLength(1)
  client.stop()
})

test('Apollo subscribes again by itself after a network cut, without gap or repetition', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  await using proxy = await startTcpProxy(parley.url)
  const chat = await alice.startChat(bob)
  await alice.send(chat, 'one')
  await using app = new App(bob, proxy.url)
  await app.shows(chat, (it) => bodiesOf(it).length === 1)
  await alice.send(chat, 'not acknowledged yet')
  await app.shows(chat, (it) => bodiesOf(it).length === 2)

  proxy.cut()
  const { id: messageId } = await alice.send(chat, 'three')
  await alice.run(EDIT_MESSAGE, { input: { messageId, body: 'three, edited' } })
  proxy.restore()
  await alice.send(chat, 'four')
  const shown = await app.shows(chat, (it) => bodiesOf(it).includes('four'))
  expect(bodiesOf(shown)).toEqual(['one', 'not acknowledged yet', 'three, edited', 'four'])
})

test('older messages are put before the others when the user scrolls up', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  for (let count = 1; count <= 40; count++) await alice.send(chat, `${count}`)
  await using app = new App(bob, parley.url)
  const { messages } = await app.shows(chat, () => true)
  expect(messages.edges).toHaveLength(30)

  await app.client.query({
    query: gql(OLDER),
    variables: { chatId: chat, before: messages.pageInfo.startCursor },
  })
  const shown = await app.shows(chat, (it) => it.messages.edges.length === 40)
  expect(bodiesOf(shown)).toEqual(Array.from({ length: 40 }, (_, index) => `${index + 1}`))
  await alice.send(chat, 'newest')
  expect(bodiesOf(await app.shows(chat, (it) => it.messages.edges.length === 41)).at(-1)).toBe('newest')
})
