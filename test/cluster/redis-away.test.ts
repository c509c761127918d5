import { expect, test } from 'vitest'
import { startCluster } from '../harness/servers/cluster.ts'
import type { Person, Stream } from '../harness/people/person.ts'
import type { TestCluster } from '../harness/servers/cluster.ts'

type Scene = {
  cluster: TestCluster
  alice: Person
  bob: Person
  chat: string
  aliceInbox: Stream
  bobInbox: Stream
}

/** Alice on one gateway, bob on another, their chat, and an inbox of each. */
async function scene(): Promise<Scene & AsyncDisposable> {
  const cluster = await startCluster(2)
  const [west, east] = cluster.gateways
  const [alice, bob] = [await west?.person('alice'), await east?.person('bob')] as [Person, Person]
  const chat = await alice.startChat(bob)
  const [aliceInbox, bobInbox] = [alice.inbox('phone'), bob.inbox('phone')]
  await Promise.all([aliceInbox.caughtUp(), bobInbox.caughtUp()])
  await alice.send(chat, 'before')
  await bobInbox.reaches(chat, 1)
  const dispose = async (): Promise<void> => cluster[Symbol.asyncDispose]()
  return { cluster, alice, bob, chat, aliceInbox, bobInbox, [Symbol.asyncDispose]: dispose }
}

test('accepts sends while Redis is dead, and delivers them on other gateways from the log', async () => {
  await using it = await scene()
  await it.cluster.redis.kill()
  for (const body of ['one', 'two', 'three']) await it.alice.send(it.chat, body)
  await it.bobInbox.reaches(it.chat, 4, 5_000)
  await it.bob.send(it.chat, 'four')
  await it.aliceInbox.reaches(it.chat, 5, 5_000)
  expect(it.bobInbox.bodies(it.chat)).toEqual(['before', 'one', 'two', 'three', 'four'])
})

test('delivers a chat that begins while Redis is dead, on another gateway', async () => {
  await using it = await scene()
  const carol = (await it.cluster.gateways[0]?.person('carol')) as Person
  await it.cluster.redis.kill()
  const chat = await carol.startChat(it.bob)
  await carol.send(chat, 'first')
  await it.bobInbox.reaches(chat, 1, 5_000)
})

test('delivers a removal while Redis is dead, to the last member on a gateway', async () => {
  await using it = await scene()
  const carol = (await it.cluster.gateways[0]?.person('carol')) as Person
  const group = await it.alice.createGroup([it.bob, carol])
  await it.bobInbox.reaches(group, 1)
  await it.cluster.redis.kill()
  await it.alice.send(group, 'one more')
  await it.alice.removeMember(group, it.bob)
  await it.alice.send(group, 'He is gone')
  await it.bobInbox.reaches(group, 3, 5_000)
  expect(it.bobInbox.uniqueEvents(group).map(({ __typename }) => __typename)).toEqual([
    'ChatUpdated',
    'MessageSent',
    'MemberRemoved',
  ])
})

test('delivers adding and removal while Redis is dead', async () => {
  await using it = await scene()
  const carol = (await it.cluster.gateways[0]?.person('carol')) as Person
  const group = await it.alice.createGroup([carol])
  await it.cluster.redis.kill()
  await it.alice.addMembers(group, [it.bob])
  await it.alice.send(group, 'Welcome')
  await it.alice.removeMember(group, it.bob)
  await it.bobInbox.reaches(group, 4, 5_000)
  expect(it.bobInbox.seqs(group)).toEqual([2, 3, 4])
})

test('delivers receipts that were lost with Redis when it is back', async () => {
  await using it = await scene()
  await it.cluster.redis.kill()
  await it.bob.markRead(it.chat, 1)
  await it.cluster.redis.start()
  await it.aliceInbox.items.match(
    ({ __typename, user, readSeq }) =>
      __typename === 'ReceiptAdvanced' && (user as { id: string }).id === it.bob.id && readSeq === 1,
  )
})

test('delivers messages at once after Redis is emptied', async () => {
  await using it = await scene()
  await it.cluster.redis.flush()
  await it.alice.send(it.chat, 'after the flush')
  await it.bobInbox.reaches(it.chat, 2, 5_000)
  await it.alice.send(it.chat, 'and after')
  await it.bobInbox.reaches(it.chat, 3, 5_000)
})

test('starts and serves users while Redis is away, and joins the other gateways when it is back', async () => {
  await using it = await scene()
  await it.cluster.redis.kill()
  const late = await it.cluster.add()
  const bobToo = await late.person('bob')
  using stream = bobToo.inbox('laptop')
  await stream.caughtUp()
  await it.alice.send(it.chat, 'while away')
  await stream.reaches(it.chat, 2, 5_000)
  await it.cluster.redis.start()
  await it.alice.send(it.chat, 'when back')
  await stream.reaches(it.chat, 3, 5_000)
})
