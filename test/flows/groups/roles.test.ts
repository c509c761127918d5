import { expect, test } from 'vitest'
import {
  ADD_MEMBERS,
  type ChatData,
  REMOVE_MEMBER,
  SET_MEMBER_ROLE,
  UPDATE_CHAT,
} from '../../harness/people/documents.ts'
import { startParley } from '../../harness/servers/parley.ts'
import type { Person } from '../../harness/people/person.ts'

type Cast = Readonly<Record<'alice' | 'bob' | 'carol' | 'dave', Person>>

async function cast(parley: Awaited<ReturnType<typeof startParley>>): Promise<Cast> {
  const [alice, bob, carol, dave] = await Promise.all([
    parley.person('alice'),
    parley.person('bob'),
    parley.person('carol'),
    parley.person('dave'),
  ])
  return { alice, bob, carol, dave }
}

async function codeOf(answer: ReturnType<Person['post']>): Promise<string | undefined> {
  return (await answer).errors?.[0]?.extensions.code
}

function rolesIn({ members }: ChatData): Record<string, string> {
  return Object.fromEntries(members.edges.map(({ node }) => [node.user.id.replace('user_', ''), node.role]))
}

test('lets members send, admins also manage members and settings, and owners also set roles', async () => {
  await using parley = await startParley()
  const { alice, bob, carol, dave } = await cast(parley)
  const chatId = await alice.createGroup([bob, carol])
  await alice.setRole(chatId, bob, 'ADMIN')
  const add = { input: { chatId, userIds: [dave.id] } }
  const rename = { input: { chatId, title: 'Coffee' } }
  const remove = (userId: string) => ({ input: { chatId, userId } })
  const promote = { input: { chatId, userId: carol.id, role: 'ADMIN' } }

  for (const [query, variables] of [
    [ADD_MEMBERS, add],
    [UPDATE_CHAT, rename],
    [REMOVE_MEMBER, remove(bob.id)],
    [SET_MEMBER_ROLE, promote],
  ] as const) {
    expect(await codeOf(carol.post(query, variables))).toBe('FORBIDDEN')
  }
  expect(await codeOf(bob.post(SET_MEMBER_ROLE, promote))).toBe('FORBIDDEN')
  expect(await codeOf(bob.post(REMOVE_MEMBER, remove(alice.id)))).toBe('FORBIDDEN')

  await bob.run(ADD_MEMBERS, add)
  await bob.run(UPDATE_CHAT, rename)
  await bob.run(REMOVE_MEMBER, remove(carol.id))
  const seen = await dave.fetchChat(chatId)
  expect(rolesIn(seen)).toEqual({ alice: 'OWNER', bob: 'ADMIN', dave: 'MEMBER' })
  expect(seen.title).toBe('Coffee')
})

test('rejects both of two admins who remove each other at the same time', async () => {
  await using parley = await startParley()
  const { alice, bob, carol } = await cast(parley)
  const chatId = await alice.createGroup([bob, carol])
  await Promise.all([alice.setRole(chatId, bob, 'ADMIN'), alice.setRole(chatId, carol, 'ADMIN')])
  const codes = await Promise.all([
    codeOf(bob.post(REMOVE_MEMBER, { input: { chatId, userId: carol.id } })),
    codeOf(carol.post(REMOVE_MEMBER, { input: { chatId, userId: bob.id } })),
  ])
  expect(codes).toEqual(['FORBIDDEN', 'FORBIDDEN'])
  expect((await alice.fetchChat(chatId)).memberCount).toBe(3)
})

test('makes the earliest admin the owner when the last owner leaves', async () => {
  await using parley = await startParley()
  const { alice, bob, carol, dave } = await cast(parley)
  const chatId = await alice.createGroup([dave])
  await alice.addMembers(chatId, [carol])
  await alice.addMembers(chatId, [bob])
  await Promise.all([alice.setRole(chatId, bob, 'ADMIN'), alice.setRole(chatId, carol, 'ADMIN')])
  using atDave = dave.inbox('phone')
  await atDave.caughtUp()

  await alice.leave(chatId)
  expect(await atDave.next('MemberRoleChanged')).toMatchObject({ user: { id: carol.id }, role: 'OWNER' })
  expect(await atDave.next('MemberRemoved')).toMatchObject({ user: { id: alice.id } })
  expect(rolesIn(await bob.fetchChat(chatId))).toEqual({ bob: 'ADMIN', carol: 'OWNER', dave: 'MEMBER' })
})

test('lets an owner step down only while there is another owner', async () => {
  await using parley = await startParley()
  const { alice, bob } = await cast(parley)
  const chatId = await alice.createGroup([bob])
  const stepDown = { input: { chatId, userId: alice.id, role: 'MEMBER' } }
  expect(await codeOf(alice.post(SET_MEMBER_ROLE, stepDown))).toBe('FORBIDDEN')
  await alice.setRole(chatId, bob, 'OWNER')
  await alice.run(SET_MEMBER_ROLE, stepDown)
  // Repeats the request, as after a lost answer.
  await alice.run(SET_MEMBER_ROLE, stepDown)
  expect(rolesIn(await bob.fetchChat(chatId))).toEqual({ alice: 'MEMBER', bob: 'OWNER' })
})

test('rejects changes of title, roles and members of a direct chat, and answers NOT_FOUND to other users', async () => {
  await using parley = await startParley()
  const { alice, bob, carol } = await cast(parley)
  const chatId = await alice.startChat(bob)
  await alice.send(chatId, 'hello')
  const attempts = [
    [UPDATE_CHAT, { input: { chatId, title: 'Us' } }],
    [ADD_MEMBERS, { input: { chatId, userIds: [carol.id] } }],
    [REMOVE_MEMBER, { input: { chatId, userId: alice.id } }],
    [REMOVE_MEMBER, { input: { chatId, userId: bob.id } }],
    [SET_MEMBER_ROLE, { input: { chatId, userId: bob.id, role: 'ADMIN' } }],
  ] as const
  for (const [query, variables] of attempts) {
    expect(await codeOf(alice.post(query, variables))).toBe('FORBIDDEN')
    expect(await codeOf(carol.post(query, variables))).toBe('NOT_FOUND')
  }
})

test('rejects a change that names nothing to change', async () => {
  await using parley = await startParley()
  const { alice, bob } = await cast(parley)
  const chatId = await alice.createGroup([bob])
  for (const nothing of [{}, { title: null, messageTtlSeconds: null }]) {
    expect(await codeOf(alice.post(UPDATE_CHAT, { input: { chatId, ...nothing } }))).toBe('BAD_USER_INPUT')
  }
})

test('accepts a repeated change, without a new event', async () => {
  await using parley = await startParley()
  const { alice, bob, carol } = await cast(parley)
  const chatId = await alice.createGroup([bob, carol], { clientChatId: 'tea-1' })
  expect(await alice.createGroup([carol, bob], { clientChatId: 'tea-1' })).toBe(chatId)
  await alice.addMembers(chatId, [bob])
  await alice.setRole(chatId, bob, 'MEMBER')
  await alice.updateChat(chatId, { title: 'Tea', messageTtlSeconds: 0 })
  expect((await alice.fetchChat(chatId)).headSeq).toBe(1)
  await alice.removeMember(chatId, carol)
  await alice.removeMember(chatId, carol)
  await carol.leave(chatId)
  expect((await alice.fetchChat(chatId)).headSeq).toBe(2)
  await expect(alice.createGroup([bob], { clientChatId: 'tea-1' })).rejects.toThrow('CONFLICT')
})
