import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../harness/servers/database.ts'
import * as documents from '../harness/people/documents.ts'
import { startParley, type TestParley } from '../harness/servers/parley.ts'
import type { Person, Stream } from '../harness/people/person.ts'
import { type Matcher, startTcpProxy, type TcpProxy } from '../harness/network/tcp-proxy.ts'

/*
 * The connection to the database breaks between a commit and its confirmation. Whatever the caller is answered, the
 * change is stored once and published once.
 */

let database: TestDatabase
let proxy: TcpProxy
let parley: TestParley
let [alice, bob]: [Person, Person] = [] as never
beforeAll(async () => {
  database = await createTestDatabase()
  proxy = await startTcpProxy(database.url)
  parley = await startParley({ databaseUrl: proxy.url })
  ;[alice, bob] = [await parley.person('alice'), await parley.person('bob')]
})
afterAll(async () => {
  await parley[Symbol.asyncDispose]()
  await proxy[Symbol.asyncDispose]()
  await database[Symbol.asyncDispose]()
})

const confirmsCommit: Matcher = (said, by) => by === 'server' && said.includes('COMMIT\0')
const executes =
  (statement: string): Matcher =>
  (said, by) =>
    by === 'client' && said.includes(statement)

/** Returns a group of alice and bob with one message from alice, and bob's inbox. */
async function scene(): Promise<{ group: string; messageId: string; atBob: Stream }> {
  const group = await alice.createGroup([bob])
  const atBob = bob.inbox(randomUUID())
  await atBob.caughtUp()
  const { id: messageId } = await alice.send(group, 'hello')
  await atBob.reaches(group, 2)
  return { group, messageId, atBob }
}

const changes: readonly (readonly [string, string, (messageId: string, group: string) => object])[] = [
  ['MessageEdited', documents.EDIT_MESSAGE, (messageId) => ({ messageId, body: 'hello again' })],
  ['MessageDeleted', documents.DELETE_MESSAGE, (messageId) => ({ messageId })],
  ['ReactionChanged', documents.SET_REACTION, (messageId) => ({ messageId, emoji: '👍', present: true })],
  ['ChatUpdated', documents.UPDATE_CHAT, (_, chatId) => ({ chatId, title: 'Coffee' })],
  [
    'MemberRoleChanged',
    documents.SET_MEMBER_ROLE,
    (_, chatId) => ({ chatId, userId: bob.id, role: 'ADMIN' }),
  ],
]

test.for(changes)(
  'publishes %s once if the confirmation of its commit is lost',
  async ([type, mutation, inputFor]) => {
    const { group, messageId, atBob } = await scene()
    const swallowed = proxy.dropResponse(confirmsCommit)
    const answer = alice.post(mutation, { input: inputFor(messageId, group) })
    await swallowed
    expect((await answer).errors).toBeUndefined()
    expect(await atBob.next(type)).toMatchObject({ seq: 3 })
    expect((await alice.fetchChat(group)).headSeq).toBe(3)
    await alice.send(group, 'after')
    await atBob.reaches(group, 4)
    expect(atBob.seqs(group)).toEqual([2, 3, 4])
    expect(atBob.items.all.filter(({ seq, chat }) => seq === 3 && chat?.id === group)).toHaveLength(1)
    atBob.close()
  },
)

test('stores and publishes a message once if its confirmation is lost, and does not report it as deduplicated', async () => {
  const { group, atBob } = await scene()
  const swallowed = proxy.dropResponse(executes('message_append'))
  const sending = alice.trySend(group, 'once', 'the-key')
  await swallowed
  expect(await sending).toMatchObject({ deduplicated: false, message: { seq: 3, body: 'once' } })
  await atBob.reaches(group, 3)
  expect(await alice.trySend(group, 'once', 'the-key')).toMatchObject({
    deduplicated: true,
    message: { seq: 3 },
  })
  expect(atBob.seqs(group)).toEqual([2, 3])
  atBob.close()
})

test('creates a group once if its confirmation is lost', async () => {
  using atBob = bob.inbox(randomUUID())
  await atBob.caughtUp()
  const swallowed = proxy.dropResponse(executes('group_create'))
  const creating = alice.createGroup([bob], { clientChatId: 'the-group' })
  await swallowed
  const group = await creating
  expect(await atBob.next('ChatUpdated')).toMatchObject({ chat: { id: group }, seq: 1 })
  expect(await alice.createGroup([bob], { clientChatId: 'the-group' })).toBe(group)
})

test('publishes a receipt if its confirmation is lost', async () => {
  const { group, atBob } = await scene()
  using atAlice = alice.inbox(randomUUID())
  await atAlice.caughtUp()
  const swallowed = proxy.dropResponse(executes('receipt_advance'))
  const reading = bob.markRead(group, 2)
  await swallowed
  expect((await reading).viewerMember.readSeq).toBe(2)
  expect(await atAlice.next('ReceiptAdvanced')).toMatchObject({ user: { id: bob.id }, readSeq: 2 })
  atBob.close()
})
