import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTestDatabase } from '../harness/servers/database.ts'
import { DELETE_MESSAGE, EDIT_MESSAGE, SEND_MESSAGE, SET_REACTION } from '../harness/people/documents.ts'
import { startParley, type TestParley } from '../harness/servers/parley.ts'
import { type ApiResponse, Person } from '../harness/people/person.ts'
import { startTcpProxy } from '../harness/network/tcp-proxy.ts'

type Ask = (
  person: Person,
  query: string,
  variables?: Record<string, unknown>,
) => Promise<ApiResponse<unknown>>

const TRANSPORTS: readonly (readonly [string, Ask])[] = [
  ['HTTP', (person, query, variables) => person.post(query, variables)],
  ['WebSocket', (person, query, variables) => person.requestOverSocket(query, variables)],
]

type Ending = Readonly<{ pageInfo: Readonly<{ endCursor: string }> }>

const codeOf = ({ errors }: ApiResponse<unknown>): string | undefined => errors?.[0]?.extensions.code
/** Users whose connection has ended. A subscription keeps each open, so that none ends by itself. */
const ended = new Set<Person>()
async function hold(person: Person): Promise<void> {
  person.socket.on('closed', () => ended.add(person))
  await person.inbox().caughtUp()
}
const isAlive = async (ask: Ask, person: Person): Promise<void> => {
  expect(ended).not.toContain(person)
  expect((await ask(person, '{ viewer { id } }')).data).toEqual({ viewer: { id: person.id } })
}

let parley: TestParley
let [alice, bob]: Person[] = []
let chat: string
let message: string
beforeAll(async () => {
  parley = await startParley()
  alice = await parley.person('alice')
  bob = await parley.person('bob')
  chat = await alice.startChat(bob)
  message = (await alice.send(chat, 'Hello', 'the-key')).id
  await Promise.all([alice, bob].map(hold))
})
afterAll(() => parley[Symbol.asyncDispose]())

describe.each(TRANSPORTS)('over %s', (_name, ask) => {
  const send = (input: object): Promise<ApiResponse<unknown>> =>
    ask(alice as Person, SEND_MESSAGE, { input: { chatId: chat, clientMessageId: 'k', body: 'x', ...input } })

  const refusals: readonly (readonly [string, string, () => Promise<ApiResponse<unknown>>])[] = [
    ['a document that does not parse', 'BAD_USER_INPUT', () => ask(alice as Person, '{ viewer { ')],
    ['an unknown field', 'BAD_USER_INPUT', () => ask(alice as Person, '{ viewer { secrets } }')],
    ['a variable of the wrong type', 'BAD_USER_INPUT', () => send({ body: 7 })],
    ['an empty body', 'BAD_USER_INPUT', () => send({ body: '' })],
    ['a body of blanks', 'BAD_USER_INPUT', () => send({ body: ' \n\u200b' })],
    ['a lone carriage return', 'BAD_USER_INPUT', () => send({ body: 'a\rb' })],
    ['no body at all', 'BAD_USER_INPUT', () => send({ body: null })],
    ['8,193 characters', 'BAD_USER_INPUT', () => send({ body: 'x'.repeat(8_193) })],
    ['a control character in a body', 'BAD_USER_INPUT', () => send({ body: 'a\u0000b' })],
    ['an empty key', 'BAD_USER_INPUT', () => send({ clientMessageId: '' })],
    ['a key of 65 characters', 'BAD_USER_INPUT', () => send({ clientMessageId: 'k'.repeat(65) })],
    ['an invalid chat id', 'BAD_USER_INPUT', () => send({ chatId: 'chat_7' })],
    [
      "a reply to another chat's message",
      'BAD_USER_INPUT',
      () => send({ replyToId: `message_${'0'.repeat(8)}-0000-7000-8000-000000000000_1` }),
    ],
    ['a reply to nothing', 'NOT_FOUND', () => send({ replyToId: message.replace(/_1$/, '_99') })],
    ['a key used for another body', 'CONFLICT', () => send({ clientMessageId: 'the-key', body: 'Bye' })],
    ['a chat with oneself', 'BAD_USER_INPUT', () => start('user_alice')],
    ['a chat with an unknown user', 'NOT_FOUND', () => start('user_unknown')],
    [
      'an invalid emoji',
      'BAD_USER_INPUT',
      () => ask(bob as Person, SET_REACTION, { input: { messageId: message, emoji: 'ok', present: true } }),
    ],
    [
      'a skin tone as an emoji',
      'BAD_USER_INPUT',
      () => ask(bob as Person, SET_REACTION, { input: { messageId: message, emoji: '🏽', present: true } }),
    ],
    [
      'a change to a body of blanks',
      'BAD_USER_INPUT',
      () => ask(alice as Person, EDIT_MESSAGE, { input: { messageId: message, body: '\u3000' } }),
    ],
    [
      'editing a message of another user',
      'FORBIDDEN',
      () => ask(bob as Person, EDIT_MESSAGE, { input: { messageId: message, body: 'x' } }),
    ],
    [
      'deleting a message of another user',
      'FORBIDDEN',
      () => ask(bob as Person, DELETE_MESSAGE, { input: { messageId: message } }),
    ],
    [
      'an invalid cursor',
      'BAD_USER_INPUT',
      () => ask(alice as Person, '{ chats(after: "b3VycyE=") { pageInfo { endCursor } } }'),
    ],
    [
      'both first and last',
      'BAD_USER_INPUT',
      () => ask(alice as Person, '{ chats(first: 1, last: 1) { pageInfo { endCursor } } }'),
    ],
    [
      'a negative page',
      'BAD_USER_INPUT',
      () => ask(alice as Person, '{ chats(first: -1) { pageInfo { endCursor } } }'),
    ],
    [
      'a device id of 65 characters',
      'BAD_USER_INPUT',
      () => ask(alice as Person, 'subscription { inbox(deviceId: "' + 'd'.repeat(65) + '") { __typename } }'),
    ],
    [
      'a negative position',
      'BAD_USER_INPUT',
      () =>
        ask(alice as Person, 'mutation ($i: MarkReadInput!) { markRead(input: $i) { chat { id } } }', {
          i: { chatId: chat, seq: -1 },
        }),
    ],
  ]
  const start = (userId: string): Promise<ApiResponse<unknown>> =>
    ask(alice as Person, 'mutation ($id: ID!) { startDirectChat(input: { userId: $id }) { chat { id } } }', {
      id: userId,
    })

  test.each(refusals)('answers %s with %s, and keeps the connection', async (_what, code, attempt) => {
    const answer = await attempt()
    expect(codeOf(answer)).toBe(code)
    expect(answer.errors?.[0]?.extensions.retryable).toBe(false)
    await isAlive(ask, alice as Person)
    expect((await (alice as Person).fetchChat(chat)).headSeq).toBe(1)
  })

  test('a document with several operations and no name says how to choose one', async () => {
    const { errors } = await ask(alice as Person, 'query a { viewer { id } } query b { viewer { id } }')
    expect(errors?.[0]?.message).toContain('Name one operation of the document in operationName.')
  })

  test('a cursor of another list is BAD_USER_INPUT, also if both lists are of the same kind', async () => {
    const CURSORS = `query ($id: ID!) {
      chats(first: 1) { pageInfo { endCursor } }
      chat(id: $id) {
        members(first: 1) { pageInfo { endCursor } } messages(first: 1) { pageInfo { endCursor } }
      }
    }`
    const AFTER: Readonly<Record<string, string>> = {
      chats: 'query ($id: ID!, $c: String!) { chat(id: $id) { id } chats(after: $c) { edges { cursor } } }',
      members: 'query ($id: ID!, $c: String!) { chat(id: $id) { members(after: $c) { edges { cursor } } } }',
      messages:
        'query ($id: ID!, $c: String!) { chat(id: $id) { messages(last: 1, before: $c) { edges { cursor } } } }',
    }
    const [one, two] = [await (alice as Person).createGroup([bob as Person]), chat]
    await (alice as Person).send(one, 'Hello')
    const cursorsOf = async (person: Person, id: string): Promise<Readonly<Record<string, string>>> => {
      const { data } = await ask(person, CURSORS, { id })
      const { chats, chat: of } = data as { chats: Ending; chat: { members: Ending; messages: Ending } }
      return Object.fromEntries(
        Object.entries({ chats, ...of }).map(([list, { pageInfo }]) => [list, pageInfo.endCursor]),
      )
    }
    const own = await cursorsOf(alice as Person, one)
    for (const [list, query] of Object.entries(AFTER)) {
      const codeAt = async (id: string, c: unknown): Promise<string | undefined> =>
        codeOf(await ask(alice as Person, query, { id, c }))
      expect(await codeAt(one, own[list])).toBeUndefined()
      const others =
        list === 'chats' ? await cursorsOf(bob as Person, one) : await cursorsOf(alice as Person, two)
      expect(await codeAt(one, others[list])).toBe('BAD_USER_INPUT')
      for (const kind of Object.keys(AFTER).filter((name) => name !== list))
        expect(await codeAt(one, own[kind])).toBe('BAD_USER_INPUT')
    }
  })

  test('reduces a page of 100,000 to 100, in the document and in a variable', async () => {
    const group = await (alice as Person).createGroup([bob as Person])
    await Promise.all(Array.from({ length: 101 }, (_, count) => (alice as Person).send(group, `${count}`)))
    const pages = [
      'query ($id: ID!) { chat(id: $id) { messages(first: 100000) { edges { cursor } } } }',
      'query ($id: ID!, $n: Int) { chat(id: $id) { messages(first: $n) { edges { cursor } } } }',
    ]
    for (const page of pages) {
      const { data } = await ask(alice as Person, page, { id: group, n: 100_000 })
      expect((data as { chat: { messages: { edges: unknown[] } } }).chat.messages.edges).toHaveLength(100)
    }
  })

  test('answers an internal failure with INTERNAL without details, and keeps the connection', async () => {
    await using own = await startParley()
    const person = await own.person('alice')
    await hold(person)
    const client = new pg.Client(own.databaseUrl)
    await client.connect()
    await client.query('DROP TABLE direct_chats')
    await client.end()
    await own.person('bob')
    const query = 'mutation { startDirectChat(input: { userId: "user_bob" }) { chat { id } } }'
    const { errors } = await ask(person, query)
    expect(errors).toMatchObject([
      { message: 'Unexpected error.', extensions: { code: 'INTERNAL', retryable: false } },
    ])
    expect(JSON.stringify(errors)).not.toContain('direct_chats')
    await isAlive(ask, person)
  })

  test('a send is UNAVAILABLE and retryable while the database is away, and succeeds once with the same key afterwards', async () => {
    await using database = await createTestDatabase()
    await using proxy = await startTcpProxy(database.url)
    await using own = await startParley({ databaseUrl: proxy.url })
    const [person, other] = [await own.person('alice'), await own.person('bob')]
    const chatId = await person.startChat(other)
    await hold(person)
    const input = { chatId, clientMessageId: 'the-key', body: 'Hello' }
    proxy.cut()
    const { errors } = await ask(person, SEND_MESSAGE, { input })
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'UNAVAILABLE', retryable: true })
    proxy.restore()
    const { data } = await ask(person, SEND_MESSAGE, { input })
    expect(data).toMatchObject({ sendMessage: { message: { seq: 1, body: 'Hello' } } })
    await isAlive(ask, person)
  })

  test('answers a missing or invalid token with UNAUTHENTICATED', async () => {
    await using anonymous = new Person({ url: parley.url, token: '', name: 'anonymous' })
    expect(codeOf(await ask(anonymous, '{ viewer { id } }'))).toBe('UNAUTHENTICATED')
    expect(
      codeOf(
        await ask(anonymous, 'mutation { startDirectChat(input: { userId: "user_bob" }) { chat { id } } }'),
      ),
    ).toBe('UNAUTHENTICATED')
  })
})

test('answers the 101st operation of a connection with RATE_LIMITED, and keeps the connection', async () => {
  const person = await parley.person('carol')
  await hold(person)
  const streams = Array.from({ length: 99 }, () => person.inbox())
  await Promise.all(streams.map((stream) => stream.caughtUp()))
  const answer = await person.requestOverSocket('{ viewer { id } }')
  expect(answer.errors?.[0]?.extensions).toMatchObject({ code: 'RATE_LIMITED', retryable: true })
  streams.pop()?.close()
  // The place is free once the server has read that the stream is closed. The rejection says how long to wait.
  const untilLetIn: Ask = async (who, query) => {
    const next = await who.requestOverSocket(query)
    return codeOf(next) === 'RATE_LIMITED' ? untilLetIn(who, query) : next
  }
  await isAlive(untilLetIn, person)
  for (const stream of streams) stream.close()
})
