import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { expect, test } from 'vitest'
import { issueToken } from '../../src/auth/issue-token.ts'
import * as documents from '../harness/people/documents.ts'
import { startParley, TEST_SECRET, type TestParley } from '../harness/servers/parley.ts'
import { type ApiResponse, Person } from '../harness/people/person.ts'

/*
 * Another session holds a lock in the database for a long time: an operator at a console, a migration, a hanging
 * backup. Every operation still answers within 10 s.
 */

const PROMISED_MS = 10_000

type World = AsyncDisposable &
  Readonly<{
    parley: TestParley
    alice: Person
    bob: Person
    /** Runs a statement in a transaction and holds its locks until disposed. */
    lock(sql: string): Promise<AsyncDisposable>
  }>

/** Starts a gateway with a database of its own, so that its locks delay no other test. */
async function world(): Promise<World> {
  const parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  async function lock(sql: string): Promise<AsyncDisposable> {
    const client = new pg.Client({ connectionString: parley.databaseUrl })
    await client.connect()
    await client.query('BEGIN')
    await client.query(sql)
    return { [Symbol.asyncDispose]: () => client.end() }
  }
  return { parley, alice, bob, lock, [Symbol.asyncDispose]: () => parley[Symbol.asyncDispose]() }
}

async function inTime(answer: Promise<ApiResponse<unknown>>): Promise<void> {
  const startedAt = performance.now()
  const { errors } = await answer
  expect(performance.now() - startedAt).toBeLessThan(PROMISED_MS)
  expect(errors?.[0]?.extensions).toMatchObject({ code: 'UNAVAILABLE', retryable: true })
}

test.concurrent(
  'answers UNAVAILABLE in time to all changes of a locked chat, which succeed afterwards',
  async () => {
    await using it = await world()
    const { alice, bob, lock } = it
    const chatId = await alice.createGroup([bob])
    const { id: messageId } = await alice.send(chatId, 'hello')
    const send = { input: { chatId, body: 'wait', clientMessageId: 'the-key' } }
    {
      await using _held = await lock('SELECT FROM chats, members FOR UPDATE')
      await Promise.all([
        inTime(alice.post(documents.SEND_MESSAGE, send)),
        inTime(alice.requestOverSocket(documents.EDIT_MESSAGE, { input: { messageId, body: 'changed' } })),
        inTime(alice.post(documents.SET_REACTION, { input: { messageId, emoji: '👍', present: true } })),
        inTime(alice.post(documents.UPDATE_CHAT, { input: { chatId, title: 'Coffee' } })),
        inTime(bob.requestOverSocket(documents.MARK_READ, { input: { chatId, seq: 2 } })),
        inTime(bob.post(documents.MARK_DELIVERED, { input: { positions: [{ chatId, seq: 2 }] } })),
        inTime(alice.post(documents.DELETE_MESSAGE, { input: { messageId } })),
        inTime(alice.requestOverSocket(documents.REMOVE_MEMBER, { input: { chatId, userId: bob.id } })),
        inTime(alice.post(documents.SET_MEMBER_ROLE, { input: { chatId, userId: bob.id, role: 'ADMIN' } })),
      ])
    }
    await alice.run(documents.SEND_MESSAGE, send)
    expect((await bob.markRead(chatId, 2)).viewerMember.readSeq).toBe(2)
    const { messages } = await bob.fetchChat(chatId)
    expect(messages.edges.filter(({ node }) => node.clientMessageId === 'the-key')).toHaveLength(1)
  },
  60_000,
)

test.concurrent(
  'answers UNAVAILABLE in time to a new user while users are locked',
  async () => {
    await using it = await world()
    const { parley, lock } = it
    const name = `newcomer-${randomUUID()}`
    const token = await issueToken(TEST_SECRET, { subject: name, name })
    const newcomer = new Person({ url: parley.url, token, name })
    {
      await using _held = await lock('LOCK TABLE users IN ACCESS EXCLUSIVE MODE')
      await inTime(newcomer.post('{ viewer { id } }'))
    }
    expect((await newcomer.post('{ viewer { id } }')).data).toEqual({ viewer: { id: newcomer.id } })
  },
  60_000,
)

test.concurrent(
  'answers UNAVAILABLE in time to startDirectChat while chats are locked, and creates one chat afterwards',
  async () => {
    await using it = await world()
    const { parley, alice, lock } = it
    const carol = await parley.person('carol')
    const group = { input: { title: 'Tea', memberIds: [], clientChatId: 'the-group' } }
    {
      await using _held = await lock(
        'LOCK TABLE chats, direct_chats, created_groups IN ACCESS EXCLUSIVE MODE',
      )
      await Promise.all([
        inTime(alice.post(documents.START_DIRECT_CHAT, { userId: carol.id })),
        inTime(alice.post(documents.CREATE_GROUP, group)),
      ])
    }
    expect(await alice.startChat(carol)).toBe(await carol.startChat(alice))
    const made = await alice.createGroup([], { clientChatId: 'the-group' })
    expect(await alice.createGroup([], { clientChatId: 'the-group' })).toBe(made)
  },
  60_000,
)

test.concurrent(
  'answers UNAVAILABLE in time to a query for tables that are locked',
  async () => {
    await using it = await world()
    const { alice, bob, lock } = it
    const chatId = await alice.createGroup([bob])
    {
      await using _held = await lock('LOCK TABLE messages, chats IN ACCESS EXCLUSIVE MODE')
      await Promise.all([
        inTime(alice.post(documents.CHAT, { id: chatId })),
        inTime(alice.requestOverSocket(documents.CHATS)),
      ])
    }
    expect((await alice.fetchChat(chatId)).headSeq).toBe(1)
  },
  60_000,
)
