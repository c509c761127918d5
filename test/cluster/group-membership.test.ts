import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { REMOVE_MEMBER, SET_MEMBER_ROLE } from '../harness/people/documents.ts'
import { startCluster, type TestCluster } from '../harness/servers/cluster.ts'
import type { Person, Stream, StreamItem } from '../harness/people/person.ts'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await startCluster(3)
})
afterAll(() => cluster[Symbol.asyncDispose]())

/** New users for one test, each on the gateway with that number. The same name is the same user. */
async function on(...places: readonly (readonly [name: string, gateway: number])[]): Promise<Person[]> {
  const suffix = randomUUID().slice(0, 8)
  return Promise.all(
    places.map(
      ([name, gateway]) => cluster.gateways[gateway]?.person(`${name}-${suffix}`) as Promise<Person>,
    ),
  )
}

function inboxes(...devices: readonly Person[]): Stream[] {
  return devices.map((device, index) => device.inbox(`device-${index}`))
}

async function caughtUp(streams: readonly Stream[]): Promise<void> {
  await Promise.all(streams.map((stream) => stream.caughtUp()))
}

/** Sends so many messages, ten at a time. */
async function flood(person: Person, chatId: string, count: number): Promise<void> {
  for (let sent = 0; sent < count; sent += 10) {
    await Promise.all(Array.from({ length: 10 }, () => person.sendOverSocket(chatId, randomUUID())))
  }
}

/** All seqs from one to another, both included. */
function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index)
}

function nameOf(item: StreamItem | undefined): string | undefined {
  return (item?.['user'] as { id: string } | undefined)?.id
}

test('delivers a group without gaps from the event that adds a user, on all devices, during a flood', async () => {
  const [alice, bob] = (await on(['alice', 0], ['bob', 1])) as [Person, Person]
  const group = await alice.createGroup([bob])
  const newcomers = await Promise.all(
    ['carol', 'dave', 'erin', 'frank'].map((name) => on([name, 0], [name, 1], [name, 2], [name, 1])),
  )
  const streams = newcomers.map((devices) => inboxes(...devices))
  await caughtUp(streams.flat())

  const flooding = Promise.all([flood(alice, group, 300), flood(bob, group, 300)])
  for (const [device] of newcomers) if (device !== undefined) await alice.addMembers(group, [device])
  await flooding
  const { headSeq } = await alice.fetchChat(group)
  await Promise.all(streams.flat().map((stream) => stream.reaches(group, headSeq)))

  for (const [index, own] of streams.entries()) {
    for (const stream of own) {
      const [first] = stream.uniqueEvents(group)
      expect([first?.__typename, nameOf(first)]).toEqual(['MemberAdded', newcomers[index]?.[0]?.id])
      expect(stream.seqs(group)).toEqual(range(first?.seq ?? 0, headSeq))
      stream.close()
    }
  }
})

test('delivers nothing after the removal of a user, on three devices of two gateways, during a flood', async () => {
  const [alice, carol, ...bobs] = (await on(
    ['alice', 0],
    ['carol', 2],
    ['bob', 1],
    ['bob', 1],
    ['bob', 2],
  )) as [Person, Person, Person, Person, Person]
  const group = await alice.createGroup([carol, bobs[0]])
  const bobInbox = inboxes(...bobs)
  const carolInbox = carol.inbox('phone')
  await caughtUp([...bobInbox, carolInbox])

  const flooding = Promise.all([flood(alice, group, 300), flood(carol, group, 300)])
  await bobInbox[0]?.reaches(group, 100)
  await alice.removeMember(group, bobs[0])
  await flooding
  const { headSeq } = await alice.fetchChat(group)
  await carolInbox.reaches(group, headSeq)
  // Sent last, the same way: when it has arrived, everything else has.
  const direct = await alice.startChat(bobs[0])
  await alice.send(direct, 'sorry')
  await Promise.all(bobInbox.map((stream) => stream.reaches(direct, 1)))

  const removal =
    carolInbox.uniqueEvents(group).find(({ __typename }) => __typename === 'MemberRemoved')?.seq ?? 0
  expect(removal).toBeLessThan(headSeq)
  for (const stream of bobInbox) {
    expect(stream.seqs(group)).toEqual(range(2, removal))
    stream.close()
  }
  carolInbox.close()
})

/** Whether the group had an owner after each event of its log. */
function alwaysOwned(log: readonly StreamItem[], owners: Set<string>): boolean {
  return log.every((item) => {
    const user = nameOf(item) ?? ''
    if (item.__typename === 'MemberRoleChanged' && item['role'] === 'OWNER') owners.add(user)
    else if (item.__typename === 'MemberRoleChanged' || item.__typename === 'MemberRemoved')
      owners.delete(user)
    return owners.size > 0
  })
}

test.for(['leave', 'step down'] as const)(
  'two owners who %s at the same time through two gateways never leave the group without an owner',
  async (action) => {
    const [alice, bob, carol] = (await on(['alice', 0], ['bob', 1], ['carol', 2])) as [Person, Person, Person]
    using carolInbox = carol.inbox('phone')
    await carolInbox.caughtUp()
    for (let round = 0; round < 5; round += 1) {
      const chatId = await alice.createGroup([bob, carol])
      await alice.setRole(chatId, bob, 'OWNER')
      const attempts = [alice, bob].map(async (owner) => {
        const target = { chatId, userId: owner.id }
        const { errors } = await (action === 'leave'
          ? owner.post(REMOVE_MEMBER, { input: target })
          : owner.post(SET_MEMBER_ROLE, { input: { ...target, role: 'MEMBER' } }))
        return errors?.[0]?.extensions.code
      })
      const codes = await Promise.all(attempts)
      const expectedCodes = action === 'leave' ? [] : ['FORBIDDEN']
      expect(codes.filter((code) => code !== undefined)).toEqual(expectedCodes)
      const { headSeq, members } = await carol.fetchChat(chatId)
      await carolInbox.reaches(chatId, headSeq)
      expect(alwaysOwned(carolInbox.uniqueEvents(chatId), new Set([alice.id]))).toBe(true)
      expect(members.edges.filter(({ node }) => node.role === 'OWNER')).toHaveLength(1)
    }
  },
)

test('creates one group for twenty concurrent requests with one clientChatId, through two gateways', async () => {
  const [here, there, bob] = (await on(['alice', 0], ['alice', 1], ['bob', 2])) as [Person, Person, Person]
  using bobInbox = bob.inbox('phone')
  await bobInbox.caughtUp()
  const clientChatId = randomUUID()
  const ids = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      (index % 2 === 0 ? here : there).createGroup([bob], { clientChatId }),
    ),
  )
  expect(new Set(ids).size).toBe(1)
  const [group = ''] = ids
  await here.send(group, 'one group')
  await bobInbox.reaches(group, 2)
  expect(bobInbox.items.all.flatMap(({ seq, chat }) => (chat?.id === group ? [seq] : []))).toEqual([1, 2])
  const { chats } = await bob.run<{ chats: { edges: unknown[] } }>('{ chats { edges { cursor } } }')
  expect(chats.edges).toHaveLength(1)
})

test('delivers typing and its end to members on other gateways', async () => {
  const [alice, bob, carol] = (await on(['alice', 0], ['bob', 1], ['carol', 2])) as [Person, Person, Person]
  const group = await alice.createGroup([bob, carol])
  using bobInbox = bob.inbox('phone')
  using carolInbox = carol.inbox('phone')
  await caughtUp([bobInbox, carolInbox])
  await alice.setTyping(group, true)
  for (const stream of [bobInbox, carolInbox]) {
    expect(await stream.next('TypingChanged')).toMatchObject({ user: { id: alice.id }, typing: true })
  }
  await alice.send(group, 'written')
  for (const stream of [bobInbox, carolInbox]) {
    expect(await stream.next('TypingChanged')).toMatchObject({ user: { id: alice.id }, typing: false })
  }
})
