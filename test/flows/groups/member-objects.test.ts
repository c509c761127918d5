import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { recordStatements } from '../../harness/plans/recorded-statements.ts'
import { type Person, Stream } from '../../harness/people/person.ts'
import { startParley, type TestParley } from '../../harness/servers/parley.ts'

let parley: TestParley
beforeAll(async () => {
  parley = await startParley()
})
afterAll(() => parley[Symbol.asyncDispose]())

async function people<const Names extends readonly string[]>(...names: Names) {
  const suffix = randomUUID().slice(0, 8)
  const entries = names.map(async (name) => [name, await parley.person(`${name}-${suffix}`)] as const)
  return Object.fromEntries(await Promise.all(entries)) as Record<Names[number], Person>
}

type MemberObject = Readonly<{
  id: string
  user: { id: string }
  role: string
  joinedAt: string
  leftAt: string | null
  deliveredSeq: number
  readSeq: number
}>

const MEMBER = 'id user { id } role joinedAt leftAt deliveredSeq readSeq'
const MEMBER_EVENTS = `
  __typename
  ... on ChatEvent { seq chat { id } }
  ... on MemberAdded { at user { id } member { ${MEMBER} } }
  ... on MemberRemoved { at user { id } member { ${MEMBER} } }
  ... on MemberRoleChanged { user { id } role member { ${MEMBER} } }`
const RECEIPT = `... on ReceiptAdvanced { chat { id } user { id } deliveredSeq readSeq member { ${MEMBER} } }`
const INBOX = `subscription ($deviceId: String) { inbox(deviceId: $deviceId) { ${MEMBER_EVENTS} ${RECEIPT} } }`
const LOG = `query ($id: ID!) { chat(id: $id) {
  viewerMember { ${MEMBER} }
  members { edges { node { ${MEMBER} } } }
  events(afterSeq: 0) { ${MEMBER_EVENTS} }
} }`

type LogEvent = Readonly<{ __typename: string; seq: number; at?: string; member?: MemberObject }>
type Log = Readonly<{
  viewerMember: MemberObject
  members: { edges: readonly { node: MemberObject }[] }
  events: readonly LogEvent[]
}>

async function logOf(person: Person, chatId: string): Promise<Log> {
  return (await person.run<{ chat: Log }>(LOG, { id: chatId })).chat
}

function memberId(chatId: string, person: Person): string {
  return `member_${chatId.replace('chat_', '')}_${person.name}`
}

async function nodesOf(person: Person, ids: readonly string[]): Promise<readonly (string | null)[]> {
  const query =
    'query ($ids: [ID!]!) { nodes(ids: $ids) { __typename ... on ChatMember { id user { id } } } }'
  const { nodes } = await person.run<{ nodes: readonly (Partial<MemberObject> | null)[] }>(query, { ids })
  return nodes.map((node) => node?.id ?? null)
}

test('finds exactly the memberships by id that the list of members shows to the viewer', async () => {
  const { alice, bob, carol, dave } = await people('alice', 'bob', 'carol', 'dave')
  const group = await alice.createGroup([bob, carol])
  const direct = await alice.startChat(bob)
  const ids = [alice, bob, carol, dave].map((person) => memberId(group, person))
  const [a, b, c] = ids
  expect(await nodesOf(alice, ids)).toEqual([a, b, c, null])
  expect(await nodesOf(dave, ids)).toEqual([null, null, null, null])
  expect(await nodesOf(bob, [memberId(direct, alice), memberId(direct, carol)])).toEqual([
    memberId(direct, alice),
    null,
  ])

  await bob.leave(group)
  expect(await nodesOf(alice, ids)).toEqual([a, null, c, null])
  expect(await nodesOf(bob, ids)).toEqual([null, b, null, null])
  for (const viewer of [alice, bob]) {
    const { members } = await logOf(viewer, group)
    const listed = members.edges.map(({ node }) => node.id)
    expect((await nodesOf(viewer, ids)).filter((id) => id !== null)).toEqual(listed)
  }
  const wrong = [`member_${randomUUID()}_${alice.name}`, `${a}x`, 'member_1', `${group}_${alice.name}`]
  expect(await nodesOf(alice, wrong)).toEqual([null, null, null, null])
})

test('gives a membership one id in every period, and delivers it with each membership event', async () => {
  const { alice, bob } = await people('alice', 'bob')
  const group = await alice.createGroup([])
  using stream = new Stream(alice.socket, INBOX, { deviceId: 'phone' })
  await stream.caughtUp()
  const id = memberId(group, bob)

  await alice.addMembers(group, [bob])
  expect(await stream.next('MemberAdded')).toMatchObject({
    seq: 2,
    member: { id, user: { id: bob.id }, role: 'MEMBER', leftAt: null, deliveredSeq: 1, readSeq: 1 },
  })
  await alice.setRole(group, bob, 'ADMIN')
  expect(await stream.next('MemberRoleChanged')).toMatchObject({
    role: 'ADMIN',
    member: { id, role: 'ADMIN' },
  })
  await alice.removeMember(group, bob)
  const removed = await stream.next('MemberRemoved')
  expect(removed).toMatchObject({ member: { id, role: 'ADMIN', leftAt: removed['at'] } })
  await alice.addMembers(group, [bob])
  expect(await stream.next('MemberAdded')).toMatchObject({
    seq: 5,
    member: { id, role: 'MEMBER', leftAt: null, deliveredSeq: 4, readSeq: 4 },
  })
  await bob.markRead(group, 5)
  expect(await stream.next('ReceiptAdvanced')).toMatchObject({
    deliveredSeq: 5,
    readSeq: 5,
    member: { id, deliveredSeq: 5, readSeq: 5 },
  })

  // A replay shows the membership as it is by then.
  const replayed = (await logOf(alice, group)).events.flatMap(({ member }) => member ?? [])
  expect(replayed.map((member) => [member.id, member.role, member.leftAt, member.readSeq])).toEqual(
    Array.from({ length: 4 }, () => [id, 'MEMBER', null, 5]),
  )
  expect((await logOf(bob, group)).viewerMember.id).toBe(id)
})

test('shows other memberships to a former member as they were when the former member left', async () => {
  const { alice, bob, carol, dave } = await people('alice', 'bob', 'carol', 'dave')
  const group = await alice.createGroup([bob])
  await alice.addMembers(group, [carol, dave])
  await alice.removeMember(group, dave)
  await bob.leave(group)
  const leftSeq = 5
  const before = await logOf(bob, group)
  const { at: daveLeftAt } = before.events[3] as LogEvent

  await alice.send(group, 'after bob has left')
  await carol.markRead(group, 6)
  await alice.setRole(group, carol, 'ADMIN')
  await alice.removeMember(group, carol)
  await alice.addMembers(group, [dave])
  await alice.setRole(group, dave, 'ADMIN')
  await dave.markRead(group, 10)
  const { events, viewerMember } = await logOf(bob, group)
  expect(events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5])
  const seen = (seq: number): MemberObject => events[seq - 1]?.member as MemberObject
  expect(seen(2)).toMatchObject({
    id: memberId(group, carol),
    role: 'MEMBER',
    leftAt: null,
    deliveredSeq: leftSeq,
    readSeq: leftSeq,
  })
  for (const seq of [3, 4]) {
    expect(seen(seq)).toMatchObject({
      id: memberId(group, dave),
      role: 'MEMBER',
      joinedAt: events[2]?.at,
      leftAt: daveLeftAt,
    })
    expect(Math.max(seen(seq).deliveredSeq, seen(seq).readSeq)).toBeLessThanOrEqual(leftSeq)
  }
  expect(seen(5)).toEqual(viewerMember)
  const present = (await logOf(alice, group)).events[1]?.member
  expect(present).toMatchObject({ id: memberId(group, carol), deliveredSeq: 6, readSeq: 6 })
  expect(present?.leftAt).not.toBeNull()
})

test('reads the memberships of a receipt once for all streams that select them, and never for others', async () => {
  const { alice, bob, carol, dave } = await people('alice', 'bob', 'carol', 'dave')
  const group = await alice.createGroup([bob, carol, dave])
  const { seq } = await alice.send(group, 'hello')
  using plain = alice.inbox('laptop')
  await plain.caughtUp()
  const reads = async (read: () => Promise<unknown>): Promise<number> => {
    using recorder = recordStatements()
    await read()
    return recorder.statements.filter(({ name }) => name === 'chat_memberships').length
  }
  expect(
    await reads(async () => {
      await bob.markRead(group, seq)
      await plain.next('ReceiptAdvanced')
    }),
  ).toBe(0)

  const streams = [alice, alice, bob, carol].map(
    (person, index) => new Stream(person.socket, INBOX, { deviceId: `tablet-${index}` }),
  )
  await Promise.all(streams.map((stream) => stream.caughtUp()))
  const count = await reads(async () => {
    await dave.markRead(group, seq)
    const receipts = await Promise.all(streams.map((stream) => stream.next('ReceiptAdvanced')))
    for (const receipt of receipts) {
      expect(receipt).toMatchObject({ member: { id: memberId(group, dave), readSeq: seq } })
    }
  })
  expect(count).toBe(1)
  for (const stream of streams) stream.close()
})
