import { expect, test } from 'vitest'
import { codeOver, issue } from '../../harness/people/issued-token.ts'
import { createTestDatabase, query } from '../../harness/servers/database.ts'
import { SERVER_API, startParley } from '../../harness/servers/parley.ts'

const SYSTEM = 'user_parley:system'
const UPSERT = 'mutation ($users: [UserInput!]!) { upsertUsers(users: $users) { id name data } }'
const AHEAD = `UPDATE users SET claims_issued_at = date_trunc('milliseconds', now()) + interval '1 hour'
  WHERE id = 'alice' RETURNING claims_issued_at AS at`
const ALICE = '{ users(ids: ["user_alice"]) { name deactivatedAt } }'

test('no call changes the system user, or makes it a member', async () => {
  await using parley = await startParley({ config: SERVER_API })
  const backend = await parley.backend()
  const alice = await parley.person('alice')
  expect(await backend.codeOf(UPSERT, { users: [{ id: SYSTEM, name: 'Eve' }] })).toBe('BAD_USER_INPUT')
  const group = (owner: string, member: string) =>
    `mutation { ensureGroup(input: { key: "k", title: "T", ownerIds: ["${owner}"], memberIds: ["${member}"] }) { created } }`
  for (const call of [
    `mutation { signOutUser(userId: "${SYSTEM}") { id } }`,
    `mutation { deactivateUser(userId: "${SYSTEM}") { id } }`,
    `mutation { ensureDirectChat(userIds: ["${SYSTEM}", "${alice.id}"]) { id } }`,
    `mutation { ensureDirectChat(userIds: ["${alice.id}", "${SYSTEM}"]) { id } }`,
    group(SYSTEM, alice.id),
    group(alice.id, SYSTEM),
  ])
    expect(await backend.codeOf(call), call).toBe('NOT_FOUND')
  for (const call of [
    `mutation { startDirectChat(input: { userId: "${SYSTEM}" }) { chat { id } } }`,
    `mutation { createGroup(input: { clientChatId: "k", title: "T", memberIds: ["${SYSTEM}"] }) { chat { id } } }`,
  ])
    expect((await alice.post(call)).errors?.[0]?.extensions.code, call).toBe('NOT_FOUND')
  expect(await backend.run(`{ users(ids: ["${SYSTEM}"]) { name } }`)).toEqual({ users: [{ name: 'System' }] })
})

test('an error of a list names the item and the field', async () => {
  await using parley = await startParley({ config: SERVER_API })
  const backend = await parley.backend()
  const problemOf = async (user: object) => {
    const { errors } = await backend.post(UPSERT, { users: [{ id: 'user_ann', name: 'Ann' }, user] })
    return errors?.[0]
  }
  for (const [user, field] of [
    [{ id: 'bob', name: 'Bob' }, 'id'],
    [{ id: 'user_bob', name: ' ' }, 'name'],
    [{ id: 'user_bob', name: 'Bob', avatarUrl: 'bob.png' }, 'avatarUrl'],
    [{ id: 'user_bob', name: 'Bob', data: { note: 'a\0b' } }, 'data'],
    [{ id: 'user_bob', name: 'Bob', data: { note: '\ud800' } }, 'data'],
  ] as const) {
    const error = await problemOf(user)
    expect(error?.extensions.code).toBe('BAD_USER_INPUT')
    expect(error?.message).toContain(`users[1].${field} `)
  }
  const key =
    'mutation { ensureGroup(input: { key: "", title: "T", ownerIds: ["user_ann"], memberIds: [] }) { created } }'
  await backend.run(UPSERT, { users: [{ id: 'user_ann', name: 'Ann' }] })
  expect((await backend.post(key)).errors?.[0]?.message).toMatch(/^key must/)
})

test('a call sees what an earlier call changed through another gateway', async () => {
  await using database = await createTestDatabase()
  await using one = await startParley({ databaseUrl: database.url, config: SERVER_API })
  await using other = await startParley({ databaseUrl: database.url, config: SERVER_API })
  const [here, there] = [await one.backend(), await other.backend()]
  await here.run(UPSERT, { users: [{ id: 'user_alice', name: 'Alice' }] })
  expect(await there.run(ALICE)).toMatchObject({ users: [{ name: 'Alice', deactivatedAt: null }] })
  await here.run(UPSERT, { users: [{ id: 'user_alice', name: 'Alice Lee' }] })
  expect(await there.run(ALICE)).toMatchObject({ users: [{ name: 'Alice Lee' }] })
  await here.run('mutation { deactivateUser(userId: "user_alice") { id } }')
  const send = `mutation { sendMessage(input: { chatId: "chat_0199a1b2-0000-7000-8000-000000000000",
    clientMessageId: "k", body: "Hello", senderId: "user_alice" }) { deduplicated } }`
  expect(await there.codeOf(send)).toBe('FORBIDDEN')
})

test('a mutation of a call sees what the mutation before it changed', async () => {
  await using parley = await startParley({ config: SERVER_API })
  const backend = await parley.backend()
  await backend.run(UPSERT, { users: [{ id: 'user_alice', name: 'Alice' }] })
  const both = await backend.run(`mutation {
    off: deactivateUser(userId: "user_alice") { deactivatedAt }
    on: reactivateUser(userId: "user_alice") { deactivatedAt } }`)
  expect(both).toEqual({ off: { deactivatedAt: expect.any(String) as unknown }, on: { deactivatedAt: null } })
})

test('upsertUsers replaces what a token says, also if its time is ahead of the clock of the gateway', async () => {
  await using parley = await startParley({ config: SERVER_API })
  const backend = await parley.backend()
  const alice = await parley.person('alice')
  await alice.run('{ viewer { id } }')
  // As a gateway stores it whose clock is an hour ahead.
  await query(parley.databaseUrl, AHEAD)
  const put = (name: string) => backend.run(UPSERT, { users: [{ id: 'user_alice', name, data: { name } }] })
  // A name that equals the subject is a name too.
  for (const name of ['Alice Lee', 'Alice Roe', 'Alice Lee', 'alice'])
    expect(await put(name)).toEqual({ upsertUsers: [{ id: 'user_alice', name, data: { name } }] })
  // Each call counts as later than the token whose time was stored, so that token does not undo it.
  const stillAhead = "SELECT FROM users WHERE id = 'alice' AND claims_issued_at > $1"
  const [stored] = await query<{ at: Date }>(parley.databaseUrl, AHEAD)
  await put('Alice Poe')
  expect(await query(parley.databaseUrl, stillAhead, [stored?.at])).toHaveLength(1)
})

test('a token that was issued before upsertUsers does not undo it, and a later one replaces it', async () => {
  await using parley = await startParley({ config: SERVER_API })
  const backend = await parley.backend()
  const nameAfter = async (name: string, ageS: number): Promise<unknown> => {
    expect(await codeOver(parley.url, await issue('alice', { name, ageS }))).toBeUndefined()
    return backend.run('{ users(ids: ["user_alice"]) { name } }')
  }
  expect(await nameAfter('Alice', 20)).toEqual({ users: [{ name: 'Alice' }] })
  // The same name as that of the token counts as said now.
  await backend.run(UPSERT, { users: [{ id: 'user_alice', name: 'Alice' }] })
  expect(await nameAfter('Alice Lee', 10)).toEqual({ users: [{ name: 'Alice' }] })
  await query(
    parley.databaseUrl,
    "UPDATE users SET claims_issued_at = claims_issued_at - interval '1 minute'",
  )
  expect(await nameAfter('Alice Roe', 5)).toEqual({ users: [{ name: 'Alice Roe' }] })
})

test('upsertUsers updates a deactivated user, who stays deactivated', async () => {
  await using parley = await startParley({ config: SERVER_API })
  const backend = await parley.backend()
  await backend.run(UPSERT, { users: [{ id: 'user_alice', name: 'Alice' }] })
  await backend.run('mutation { deactivateUser(userId: "user_alice") { id } }')
  await backend.run(UPSERT, { users: [{ id: 'user_alice', name: 'Alice Lee' }] })
  const deactivatedAt: unknown = expect.any(String)
  expect(await backend.run(ALICE)).toEqual({ users: [{ name: 'Alice Lee', deactivatedAt }] })
})

test('the chats of an unknown user are NOT_FOUND, and a user without chats has an empty list', async () => {
  await using parley = await startParley({ config: SERVER_API })
  const backend = await parley.backend()
  await backend.run(UPSERT, { users: [{ id: 'user_alice', name: 'Alice' }] })
  const chatsOf = (id: string) => `{ chatsOfUser(userId: "${id}") { edges { node { id } } } }`
  expect(await backend.run(chatsOf('user_alice'))).toEqual({ chatsOfUser: { edges: [] } })
  expect(await backend.codeOf(chatsOf('user_unknown'))).toBe('NOT_FOUND')
})
