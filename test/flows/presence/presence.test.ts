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
/** A person without chats. */
async function newPerson(): Promise<Person> {
  return parley.person(`person-${(people += 1)}`)
}

/** Two people who share a chat. The second one was not active yet. */
async function friends(): Promise<[Person, Person]> {
  const [alice, bob] = [await newPerson(), await newPerson()]
  await alice.send(await alice.startChat(bob), 'Hello')
  return [alice, bob]
}

test('an active user is online at once, to themselves and to users in their chats', async () => {
  const [alice, bob] = await friends()
  expect(await queryPresence(alice, bob)).toEqual({ user: { id: bob.id }, online: false, lastSeenAt: null })
  const own = await heartbeat(bob)
  expect(own).toMatchObject({ user: { id: bob.id }, online: true })
  expect(Math.abs(Date.now() - Date.parse(own.lastSeenAt ?? ''))).toBeLessThan(1_000)
  expect(await queryPresence(alice, bob)).toEqual(own)
  expect(await queryPresence(bob, bob)).toEqual(own)
})

test('a stranger sees nothing, and neither does a user who shares only an empty chat', async () => {
  const [alice, carol] = [await newPerson(), await newPerson()]
  await heartbeat(alice)
  expect(await queryPresence(carol, alice)).toBeNull()
  await carol.startChat(alice)
  expect(await queryPresence(carol, alice)).toBeNull()
  expect(await queryPresence(alice, carol)).toBeNull()
})

test('a stranger causes the same statements as a friend, so that timing reveals nothing', async () => {
  const [alice, bob] = await friends()
  const carol = await newPerson()
  await heartbeat(bob)
  const work = async (viewer: Person): Promise<readonly string[]> => {
    using listening = recordStatements()
    await queryPresence(viewer, bob)
    // Saves of last activities may run at the same time.
    return listening.statements
      .filter(({ text, values }) => /^\s*SELECT/.test(text) && JSON.stringify(values).includes(bob.name))
      .map(titleOf)
      .toSorted()
  }
  const ofFriend = await work(alice)
  expect(ofFriend).toEqual(expect.arrayContaining(['presence_allowed']))
  expect(await work(carol)).toEqual(ofFriend)
})

test('requests that an app sends by itself do not change lastSeenAt, over HTTP and WebSocket alike', async () => {
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
  await activitiesRecorded(alice, chatId)
  expect((await queryPresence(alice, bob))?.lastSeenAt).toBe(lastSeenAt)
  await bob.markRead(chatId, 1)
  await expect.poll(() => lastSeenMs(alice, bob)).toBeGreaterThan(Date.parse(lastSeenAt ?? ''))
})

async function lastSeenMs(viewer: Person, user: Person): Promise<number> {
  return Date.parse((await queryPresence(viewer, user))?.lastSeenAt ?? '')
}

/** The gateway gathers activities of online users. Resolves when it has written all that it has gathered so far. */
async function activitiesRecorded(witness: Person, chatId: string): Promise<void> {
  const { lastSeenAt } = await heartbeat(witness)
  await delay(2)
  await witness.markRead(chatId, 1)
  await expect.poll(() => lastSeenMs(witness, witness)).toBeGreaterThan(Date.parse(lastSeenAt ?? ''))
}

test('requests that an app sends by itself keep no user online', async () => {
  const [alice, bob] = await friends()
  using watch = new PresenceStream(alice, [bob])
  await watch.nextUpdate(bob, false)
  const { lastSeenAt } = await heartbeat(bob)
  await watch.nextUpdate(bob, true)
  const over = new AbortController()
  const asking = askUntil(over.signal, bob, lastSeenAt)
  const offline = await watch.nextUpdate(bob, false)
  over.abort()
  await asking
  expect(offline.lastSeenAt).toBe(lastSeenAt)
})

async function askUntil(signal: AbortSignal, person: Person, lastSeenAt: string | null): Promise<void> {
  while (!signal.aborted) expect((await heartbeat(person, false)).lastSeenAt).toBe(lastSeenAt)
}

test('a subscription starts with the present state, then delivers each edge in time, and nothing else', async () => {
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

test('watching a stranger or an unknown user is NOT_FOUND, and 501 users are too many', async () => {
  const [alice, bob] = await friends()
  const stranger = await newPerson()
  const unknown = { id: 'user_unknown' } as Person
  for (const others of [[stranger], [unknown], [bob, stranger]]) {
    using watch = new PresenceStream(alice, others)
    expect(await watch.ended).toMatchObject([{ extensions: { code: 'NOT_FOUND' } }])
  }
  for (const count of [0, 501]) {
    using watch = new PresenceStream(
      alice,
      Array.from({ length: count }, () => bob),
    )
    expect(await watch.ended).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }])
  }
})

test('updates end when users stop sharing a chat, and resume when they share one again', async () => {
  const [alice, bob, carol] = [await newPerson(), await newPerson(), await newPerson()]
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

test('while presence is paused all users are unknown, and afterwards the states are right', async () => {
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
  // Online users are known at once. All others may only have been silent, until a whole window has passed.
  await heartbeat(bob)
  await watch.nextUpdate(bob, true)
  await watch.nextUpdate(bob, false)
})

test('lastSeenAt survives a restart, also for users who were online', async () => {
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
