import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { issueToken } from '../../../src/auth/issue-token.ts'
import { createTestDatabase } from '../../harness/servers/database.ts'
import { startParley, TEST_SECRET, type TestParley, UNLIMITED } from '../../harness/servers/parley.ts'
import type { Person } from '../../harness/people/person.ts'
import { heartbeat, queryPresence, PresenceStream } from '../../harness/people/presence-stream.ts'
import { recordStatements, titleOf } from '../../harness/plans/recorded-statements.ts'

const WINDOW_MS = 1_500
let parley: TestParley
let isPaused = false
beforeAll(async () => {
  parley = await startParley({
    config: UNLIMITED,
    overrides: { presence: { windowMs: WINDOW_MS, isPaused: () => isPaused } },
  })
})
afterAll(() => parley[Symbol.asyncDispose]())

let people = 0
/** Somebody nobody knows. */
async function somebody(): Promise<Person> {
  return parley.person(`somebody-${(people += 1)}`)
}

/** Two people who share a chat; the second one has done nothing yet. */
async function friends(): Promise<[Person, Person]> {
  const [alice, bob] = [await somebody(), await somebody()]
  await alice.send(await alice.startChat(bob), 'Hello')
  return [alice, bob]
}

test('a person who does something is online at once, to themselves and to those they chat with', async () => {
  const [alice, bob] = await friends()
  expect(await queryPresence(alice, bob)).toEqual({ user: { id: bob.id }, online: false, lastSeenAt: null })
  const own = await heartbeat(bob)
  expect(own).toMatchObject({ user: { id: bob.id }, online: true })
  expect(Math.abs(Date.now() - Date.parse(own.lastSeenAt ?? ''))).toBeLessThan(1_000)
  expect(await queryPresence(alice, bob)).toEqual(own)
  expect(await queryPresence(bob, bob)).toEqual(own)
})

test('to a stranger there is nothing to see, nor to whoever has an empty chat with them', async () => {
  const [alice, carol] = [await somebody(), await somebody()]
  await heartbeat(alice)
  expect(await queryPresence(carol, alice)).toBeNull()
  await carol.startChat(alice)
  expect(await queryPresence(carol, alice)).toBeNull()
  expect(await queryPresence(alice, carol)).toBeNull()
})

test('a stranger is refused by the same work as a friend is answered, so that time tells nothing', async () => {
  const [alice, bob] = await friends()
  const carol = await somebody()
  await heartbeat(bob)
  const work = async (viewer: Person): Promise<readonly string[]> => {
    using listening = recordStatements()
    await queryPresence(viewer, bob)
    // What is written at the same time is written of everybody, by and by.
    return listening.statements
      .filter(({ text, values }) => /^\s*SELECT/.test(text) && JSON.stringify(values).includes(bob.name))
      .map(titleOf)
      .toSorted()
  }
  const ofFriend = await work(alice)
  expect(ofFriend).toEqual(expect.arrayContaining(['presence_allowed']))
  expect(await work(carol)).toEqual(ofFriend)
})

test('what an app does by itself leaves the last activity where it was, over HTTP and WebSocket alike', async () => {
  const [alice, bob] = await friends()
  const { lastSeenAt } = await heartbeat(bob)
  const chat = await bob.run<{ chats: { edges: { node: { id: string } }[] } }>(
    '{ chats(first: 1) { edges { node { id } } } }',
  )
  const chatId = chat.chats.edges[0]?.node.id ?? ''
  using inbox = bob.inbox('phone')
  await inbox.caughtUp()
  using watch = new PresenceStream(bob, [alice])
  await watch.updates.next()
  const asks = [bob.run.bind(bob), bob.requestOverSocket.bind(bob)]
  const renewal = await issueToken(TEST_SECRET, { subject: bob.name, name: bob.name })
  await delay(10)
  for (const ask of asks) {
    await ask('{ viewer { id presence { online } } }')
    await ask('mutation { heartbeat(input: { userActivity: false }) { presence { online } } }')
    await ask(
      'mutation ($c: ID!) { markDelivered(input: { positions: [{ chatId: $c, seq: 1 }] }) { members { readSeq } } }',
      { c: chatId },
    )
  }
  const renewed = await bob.requestOverSocket(
    'mutation ($t: String!) { renewSession(input: { token: $t }) { expiresAt } }',
    { t: renewal },
  )
  expect(renewed.errors).toBeUndefined()
  expect((await queryPresence(alice, bob))?.lastSeenAt).toBe(lastSeenAt)
  await bob.markRead(chatId, 1)
  const after = await queryPresence(alice, bob)
  expect(Date.parse(after?.lastSeenAt ?? '')).toBeGreaterThan(Date.parse(lastSeenAt ?? ''))
})

test('an app that goes on by itself keeps nobody online', async () => {
  const [alice, bob] = await friends()
  using watch = new PresenceStream(alice, [bob])
  await watch.nextUpdate(bob, false)
  const { lastSeenAt } = await heartbeat(bob)
  await watch.nextUpdate(bob, true)
  const over = new AbortController()
  const asking = askUntil(over.signal, bob, lastSeenAt)
  const gone = await watch.nextUpdate(bob, false)
  over.abort()
  await asking
  expect(gone.lastSeenAt).toBe(lastSeenAt)
})

async function askUntil(signal: AbortSignal, person: Person, lastSeenAt: string | null): Promise<void> {
  while (!signal.aborted) expect((await heartbeat(person, false)).lastSeenAt).toBe(lastSeenAt)
}

test('watchers are told the state at once, then edges, at their time, and nothing in between', async () => {
  const [alice, bob] = await friends()
  using watch = new PresenceStream(alice, [bob, alice, bob])
  expect(await watch.nextUpdate(bob, false)).toMatchObject({ lastSeenAt: null })
  await watch.updates.until((all) => all.some(({ user }) => user.id === alice.id))
  const first = await heartbeat(bob)
  const online = await watch.nextUpdate(bob, true)
  expect(online.at - Date.parse(first.lastSeenAt ?? '')).toBeLessThan(500)
  await delay(WINDOW_MS / 2)
  const last = await heartbeat(bob)
  const offline = await watch.nextUpdate(bob, false)
  expect(offline.lastSeenAt).toBe(last.lastSeenAt)
  const lateMs = offline.at - Date.parse(last.lastSeenAt ?? '') - WINDOW_MS
  expect(lateMs).toBeGreaterThan(-50)
  expect(lateMs).toBeLessThan(1_000)
  expect(watch.onlineValues(bob)).toEqual([false, true, false])
  expect((await queryPresence(alice, bob))?.lastSeenAt).toBe(last.lastSeenAt)
})

test('to watch a stranger is NOT_FOUND, as to watch nobody; 501 people are too many', async () => {
  const [alice, bob] = await friends()
  const stranger = await somebody()
  const nobody = { id: 'user_nobody' } as Person
  for (const others of [[stranger], [nobody], [bob, stranger]]) {
    using watch = new PresenceStream(alice, others)
    expect(await watch.ended).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }])
  }
  using watch = new PresenceStream(
    alice,
    Array.from({ length: 501 }, () => bob),
  )
  expect(await watch.ended).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }])
})

test('who shares a chat no more is told no more, while others are; and how things are when they do again', async () => {
  const [alice, bob, carol] = [await somebody(), await somebody(), await somebody()]
  const group = await alice.createGroup([bob, carol])
  using atBob = new PresenceStream(bob, [alice, carol])
  using atAlice = new PresenceStream(alice, [carol])
  await Promise.all([atBob.nextUpdate(carol, false), atAlice.nextUpdate(carol, false)])
  await alice.removeMember(group, bob)
  await atBob.nextUpdate(carol, null)
  await heartbeat(carol)
  await atAlice.nextUpdate(carol, true)
  await atAlice.nextUpdate(carol, false)
  expect(atBob.onlineValues(carol)).toEqual([false, null])
  expect(await queryPresence(bob, carol)).toBeNull()
  expect(await queryPresence(carol, bob)).toBeNull()
  const { lastSeenAt } = await heartbeat(carol)
  await alice.addMembers(group, [bob])
  expect(await atBob.nextUpdate(carol, true)).toMatchObject({ lastSeenAt })
})

test('while presence is paused nobody knows who is online; when it goes on, everybody is told right', async () => {
  const [alice, bob] = await friends()
  using watch = new PresenceStream(alice, [bob])
  await watch.nextUpdate(bob, false)
  await heartbeat(bob)
  await watch.nextUpdate(bob, true)
  isPaused = true
  try {
    const unknown = await watch.nextUpdate(bob, null)
    expect(unknown.lastSeenAt).not.toBeNull()
    expect(await queryPresence(alice, bob)).toMatchObject({ online: null, lastSeenAt: unknown.lastSeenAt })
    expect(await heartbeat(bob)).toMatchObject({ online: null, lastSeenAt: expect.any(String) as string })
    using late = new PresenceStream(alice, [bob])
    await late.nextUpdate(bob, null)
  } finally {
    isPaused = false
  }
  // Whoever is there is known at once; whoever is not may have been silent only, until a whole window has passed.
  await heartbeat(bob)
  await watch.nextUpdate(bob, true)
  await watch.nextUpdate(bob, false)
})

test('when somebody was last seen outlives the process, whether they had gone or not', async () => {
  await using database = await createTestDatabase()
  const options = { config: UNLIMITED, databaseUrl: database.url }
  let lastSeenAt: string | null
  {
    await using before = await startParley(options)
    const [alice, bob] = [await before.person('alice'), await before.person('bob')]
    await alice.send(await alice.startChat(bob), 'Hello')
    lastSeenAt = (await heartbeat(bob)).lastSeenAt
  }
  await using after = await startParley(options)
  const alice = await after.person('alice')
  const bob = await after.person('bob')
  expect(await queryPresence(alice, bob)).toMatchObject({ lastSeenAt })
})
