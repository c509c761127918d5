import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { CREATE_GROUP, SEND_MESSAGE } from '../../harness/people/documents.ts'
import { startParley } from '../../harness/servers/parley.ts'
import type { Person } from '../../harness/people/person.ts'

async function people(
  parley: Awaited<ReturnType<typeof startParley>>,
  ...names: string[]
): Promise<Person[]> {
  return Promise.all(names.map((name) => parley.person(name)))
}

test('delivers a new group to all of its members, from its first event on', async () => {
  await using parley = await startParley()
  const [alice, bob, carol] = (await people(parley, 'alice', 'bob', 'carol')) as [Person, Person, Person]
  using atBob = bob.inbox('phone')
  using atCarol = carol.inbox('phone')
  await Promise.all([atBob.caughtUp(), atCarol.caughtUp()])

  const group = await alice.createGroup([bob, carol], { title: 'Tea' })
  await alice.send(group, 'Four o’clock?')
  await bob.send(group, 'Yes')
  await Promise.all([atBob.reaches(group, 3), atCarol.reaches(group, 3)])

  expect(atCarol.uniqueEvents(group).map(({ __typename }) => __typename)).toEqual([
    'ChatUpdated',
    'MessageSent',
    'MessageSent',
  ])
  expect(atBob.bodies(group)).toEqual(['Four o’clock?', 'Yes'])
  expect(await carol.fetchChat(group)).toMatchObject({
    kind: 'GROUP',
    title: 'Tea',
    memberCount: 3,
    unreadCount: 2,
  })
})

test('shows the log to an added member from the joining event on, on all devices', async () => {
  await using parley = await startParley()
  const [alice, bob, carol] = (await people(parley, 'alice', 'bob', 'carol')) as [Person, Person, Person]
  using atPhone = carol.inbox('phone')
  using atLaptop = carol.inbox('laptop')
  await Promise.all([atPhone.caughtUp(), atLaptop.caughtUp()])
  const group = await alice.createGroup([bob])
  const early = await alice.send(group, 'before carol')

  await alice.addMembers(group, [carol])
  await bob.send(group, 'hello carol')
  await Promise.all([atPhone.reaches(group, 4), atLaptop.reaches(group, 4)])

  for (const stream of [atPhone, atLaptop]) {
    expect(stream.uniqueEvents(group)[0]).toMatchObject({
      __typename: 'MemberAdded',
      seq: 3,
      user: { id: carol.id },
    })
    expect(stream.seqs(group)).toEqual([3, 4])
  }
  const seen = await carol.fetchChat(group)
  expect(seen.messages.edges.map(({ node }) => node.body)).toEqual(['hello carol'])
  expect(seen.unreadCount).toBe(1)
  const log = await carol.run<{ chat: { events: { seq: number }[] } }>(
    `query ($id: ID!) { chat(id: $id) { events(afterSeq: 0) { seq } } }`,
    { id: group },
  )
  expect(log.chat.events.map(({ seq }) => seq)).toEqual([3, 4])
  expect(await carol.run(`query ($id: ID!) { node(id: $id) { id } }`, { id: early.id })).toEqual({
    node: null,
  })
})

test('rejects a reply to an invisible message like a reply to a missing one', async () => {
  await using parley = await startParley()
  const [alice, bob] = (await people(parley, 'alice', 'bob')) as [Person, Person]
  const group = await alice.createGroup([])
  const early = await alice.send(group, 'to myself')
  await alice.addMembers(group, [bob])
  const input = { chatId: group, body: 'what?', clientMessageId: randomUUID(), replyToId: early.id }
  const { errors } = await bob.post(SEND_MESSAGE, { input })
  expect(errors?.[0]?.extensions.code).toBe('NOT_FOUND')
})

test('delivers the removal to a removed member and nothing after it; earlier events stay readable', async () => {
  await using parley = await startParley()
  const [alice, bob, carol] = (await people(parley, 'alice', 'bob', 'carol')) as [Person, Person, Person]
  const group = await alice.createGroup([bob, carol], { title: 'Tea' })
  using atBob = bob.inbox('phone')
  using atCarol = carol.inbox('phone')
  await Promise.all([atBob.caughtUp(), atCarol.caughtUp()])
  await alice.send(group, 'while bob was there')

  await alice.removeMember(group, bob)
  await alice.send(group, 'after bob')
  await alice.updateChat(group, { title: 'Coffee' })
  await atCarol.reaches(group, 5)
  const direct = await alice.startChat(bob)
  await alice.send(direct, 'sorry')
  await atBob.reaches(direct, 1)

  expect(atBob.seqs(group)).toEqual([2, 3])
  expect(atBob.uniqueEvents(group).at(-1)).toMatchObject({
    __typename: 'MemberRemoved',
    user: { id: bob.id },
  })
  const seen = await bob.fetchChat(group)
  expect(seen).toMatchObject({ title: 'Tea', memberCount: 2, headSeq: 3 })
  expect(seen.messages.edges.map(({ node }) => node.body)).toEqual(['while bob was there'])
  expect(seen.members.edges.map(({ node }) => node.user.id)).toEqual([bob.id])
  const input = { chatId: group, body: 'wait', clientMessageId: randomUUID() }
  expect((await bob.post(SEND_MESSAGE, { input })).errors?.[0]?.extensions.code).toBe('FORBIDDEN')
})

test('replays both membership periods of a returning member, and nothing in between', async () => {
  await using parley = await startParley()
  const [alice, bob] = (await people(parley, 'alice', 'bob')) as [Person, Person]
  const before = bob.inbox('phone')
  await before.caughtUp()
  before.close()
  const group = await alice.createGroup([bob])
  await alice.send(group, 'one')
  await alice.removeMember(group, bob)
  await alice.send(group, 'not for bob')
  await alice.addMembers(group, [bob])
  await alice.send(group, 'two')

  using again = bob.inbox('phone')
  await again.caughtUp()
  expect(again.seqs(group)).toEqual([1, 2, 3, 5, 6])
  expect(again.bodies(group)).toEqual(['one', 'two'])
  const seen = await bob.fetchChat(group)
  expect(seen.messages.edges.map(({ node }) => node.body)).toEqual(['one', 'two'])
  expect(seen.lastMessage?.body).toBe('two')
  using events = bob.chatEvents(group, 0)
  await events.caughtUp()
  expect(events.seqs(group)).toEqual([1, 2, 3, 5, 6])
})

test('limits the number of members, and names the limit in the error', async () => {
  await using parley = await startParley({ config: { groups: { maxMembers: 3 } } })
  const [alice, bob, carol, dave] = (await people(parley, 'alice', 'bob', 'carol', 'dave')) as [
    Person,
    Person,
    Person,
    Person,
  ]
  await expect(alice.createGroup([bob, carol, dave])).rejects.toThrow('3 members at most')
  const group = await alice.createGroup([bob])
  await expect(alice.addMembers(group, [carol, dave])).rejects.toThrow('3 members at most')
  expect((await alice.addMembers(group, [alice, bob, carol])).memberCount).toBe(3)
})

test('rejects a group with a user who does not exist, and names the user', async () => {
  await using parley = await startParley()
  const alice = await parley.person('alice')
  const memberIds = ['user_missing']
  const { errors } = await alice.post(CREATE_GROUP, { input: { title: 'Tea', clientChatId: 'x', memberIds } })
  expect(errors?.[0]).toMatchObject({ extensions: { code: 'NOT_FOUND' } })
  expect(errors?.[0]?.message).toContain('user_missing')
})

test('answers a repeated send with the stored message, even if the sender has left', async () => {
  await using parley = await startParley()
  const [alice, bob] = (await people(parley, 'alice', 'bob')) as [Person, Person]
  const group = await alice.createGroup([bob])
  const { id } = await bob.send(group, 'hello', 'the-key')
  await alice.removeMember(group, bob)
  expect(await bob.trySend(group, 'hello', 'the-key')).toMatchObject({ deduplicated: true, message: { id } })
})

test('rejects typing through one gateway after a removal through another', async () => {
  await using east = await startParley()
  await using west = await startParley({ databaseUrl: east.databaseUrl })
  const [alice, bob] = [await east.person('alice'), await west.person('bob')]
  const group = await alice.createGroup([bob])
  await bob.setTyping(group, true)
  await alice.removeMember(group, bob)
  await expect(bob.setTyping(group, true)).rejects.toThrow('FORBIDDEN')
})

test.for(['', '   ', '\u200B', '\u3164\u00AD', 'a\u202Eb', 'a\u2029b', 'a\nb', 'x'.repeat(256)])(
  'rejects the title %j, which is invisible, too long or not on one line',
  async (title) => {
    await using parley = await startParley()
    const alice = await parley.person('alice')
    await expect(alice.createGroup([], { title })).rejects.toThrow('BAD_USER_INPUT')
  },
)
