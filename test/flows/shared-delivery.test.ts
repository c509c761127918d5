import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createEventParser } from '../../examples/hand-written/event-stream.ts'
import { EventQueue } from '../harness/fixtures/event-queue.ts'
import * as documents from '../harness/people/documents.ts'
import { type Person, Stream, type StreamItem } from '../harness/people/person.ts'
import { startParley, type TestParley } from '../harness/servers/parley.ts'

// Over WebSockets, all subscribers share the results of live items. Over HTTP, a stream asks for each of its own.

let parley: TestParley
beforeAll(async () => {
  parley = await startParley()
})
afterAll(() => parley[Symbol.asyncDispose]())

async function people(): Promise<readonly [Person, Person, Person]> {
  const names = ['alice', 'bob', 'carol'].map((name) => `${name}-${randomUUID()}`)
  const [alice, bob, carol] = await Promise.all(names.map((name) => parley.person(name)))
  if (alice === undefined || bob === undefined || carol === undefined) throw new Error('Unreachable')
  return [alice, bob, carol]
}

type Items = Readonly<{ items: EventQueue<StreamItem> }>

/** The inbox of a device over HTTP. */
async function openEventStream({ url, token }: Person): Promise<Items & AsyncDisposable> {
  const items = new EventQueue<StreamItem>()
  const ended = new AbortController()
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      authorization: `Bearer ${token}`,
    },
    body: JSON.stringify({ query: documents.INBOX, variables: { deviceId: 'tablet' } }),
    signal: ended.signal,
  })

  async function read(): Promise<void> {
    const parse = createEventParser()
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? [])
      for (const { type, data } of parse(chunk)) if (type === 'next') items.push(itemIn(data))
  }

  const reading = read().catch((error: unknown) => {
    if (!ended.signal.aborted) throw error
  })
  return {
    items,
    async [Symbol.asyncDispose]() {
      ended.abort()
      await reading
    },
  }
}

function itemIn(data: string): StreamItem {
  return (JSON.parse(data) as { data: { inbox: StreamItem } }).data.inbox
}

const liveItems = ({ items }: Items): StreamItem[] =>
  items.all.slice(items.all.findIndex(({ __typename }) => __typename === 'CaughtUp') + 1)

test('delivers the same items, whether results are shared or asked for', async () => {
  const [alice, bob, carol] = await people()
  const chat = await alice.createGroup([bob])
  using shared = bob.inbox('phone')
  using other = alice.inbox('phone')
  await using asked = await openEventStream(bob)
  const streams = [shared, other, asked]
  for (const { items } of streams) await items.match(({ __typename }) => __typename === 'CaughtUp')
  const first = await alice.send(chat, 'one')
  const reply = { chatId: chat, body: 'a reply', clientMessageId: randomUUID(), replyToId: first.id }
  const messageId = first.id
  const changes: readonly (() => Promise<unknown>)[] = [
    () => bob.run(documents.SEND_MESSAGE, { input: reply }),
    () => alice.run(documents.EDIT_MESSAGE, { input: { messageId, body: 'edited' } }),
    () => alice.run(documents.SET_REACTION, { input: { messageId, emoji: '👍', present: true } }),
    () => alice.run(documents.DELETE_MESSAGE, { input: { messageId } }),
    () => alice.addMembers(chat, [carol]),
    () => alice.setRole(chat, carol, 'ADMIN'),
    () => alice.removeMember(chat, carol),
    () => alice.updateChat(chat, { title: 'Coffee' }),
    () => alice.send(chat, 'the end'),
  ]
  const events = (stream: Items): StreamItem[] => liveItems(stream).filter(({ seq }) => seq !== undefined)
  // An event is read in the state of its moment, so all streams have it before the next change.
  for (const [index, change] of changes.entries()) {
    await change()
    for (const stream of streams) await stream.items.until(() => events(stream).length === index + 2)
  }
  expect(events(shared).map(({ __typename }) => __typename)).toEqual([
    'MessageSent',
    'MessageSent',
    'MessageEdited',
    'ReactionChanged',
    'MessageDeleted',
    'MemberAdded',
    'MemberRoleChanged',
    'MemberRemoved',
    'ChatUpdated',
    'MessageSent',
  ])
  expect(events(shared)).toEqual(events(asked))
})

test('every viewer gets their own values, and events keep their order between shared ones', async () => {
  const [alice, bob, carol] = await people()
  const chat = await alice.createGroup([bob, carol])
  const query = `subscription ($deviceId: String) { inbox(deviceId: $deviceId) { __typename
    ... on ChatEvent { seq }
    ... on ChatUpdated { chat { id viewerMember { user { id } } unreadCount } } ... on CaughtUp { at } } }`
  const streams = [bob, carol].map((person) => new Stream(person.socket, query, { deviceId: 'phone' }))
  for (const stream of streams) await stream.caughtUp()
  await alice.send(chat, 'one')
  await alice.send(chat, 'two')
  await alice.updateChat(chat, { title: 'Coffee' })
  await alice.send(chat, 'three')
  for (const [index, person] of [bob, carol].entries()) {
    const stream = streams[index]
    if (stream === undefined) throw new Error('Unreachable')
    await stream.items.until((all) => all.some(({ seq }) => seq === 5))
    const events = liveItems(stream).filter(({ seq }) => seq !== undefined)
    expect(events.map(({ seq }) => seq)).toEqual([2, 3, 4, 5])
    expect(events[2]?.chat).toMatchObject({ id: chat, viewerMember: { user: { id: person.id } } })
    stream.close()
  }
})
