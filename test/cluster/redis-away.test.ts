import { expect, test } from 'vitest'
import { startCluster } from '../harness/servers/cluster.ts'
import type { Person, Stream } from '../harness/people/person.ts'
import type { TestCluster } from '../harness/servers/cluster.ts'

type Scene = {
  cluster: TestCluster
  alice: Person
  bob: Person
  chat: string
  atAlice: Stream
  atBob: Stream
}

/** Alice on one gateway, bob on another, a chat, and both listening. */
async function scene(): Promise<Scene & AsyncDisposable> {
  const cluster = await startCluster(2)
  const [west, east] = cluster.gateways
  const [alice, bob] = [await west?.person('alice'), await east?.person('bob')] as [Person, Person]
  const chat = await alice.startChat(bob)
  const [atAlice, atBob] = [alice.inbox('phone'), bob.inbox('phone')]
  await Promise.all([atAlice.caughtUp(), atBob.caughtUp()])
  await alice.send(chat, 'before')
  await atBob.reaches(chat, 1)
  const dispose = async (): Promise<void> => cluster[Symbol.asyncDispose]()
  return { cluster, alice, bob, chat, atAlice, atBob, [Symbol.asyncDispose]: dispose }
}

test('while Redis is dead, sends succeed, and people on other gateways are served from the log', async () => {
  await using it = await scene()
  await it.cluster.redis.kill()
  for (const body of ['one', 'two', 'three']) await it.alice.send(it.chat, body)
  await it.atBob.reaches(it.chat, 4, 5_000)
  await it.bob.send(it.chat, 'four')
  await it.atAlice.reaches(it.chat, 5, 5_000)
  expect(it.atBob.bodies(it.chat)).toEqual(['before', 'one', 'two', 'three', 'four'])
})

test('a chat that begins while Redis is dead shows to the person on the other gateway', async () => {
  await using it = await scene()
  const carol = (await it.cluster.gateways[0]?.person('carol')) as Person
  await it.cluster.redis.kill()
  const chat = await carol.startChat(it.bob)
  await carol.send(chat, 'first')
  await it.atBob.reaches(chat, 1, 5_000)
})

test('who is removed while Redis is dead hears of it, though nobody of the group is on their gateway any more', async () => {
  await using it = await scene()
  const carol = (await it.cluster.gateways[0]?.person('carol')) as Person
  const group = await it.alice.createGroup([it.bob, carol])
  await it.atBob.reaches(group, 1)
  await it.cluster.redis.kill()
  await it.alice.send(group, 'Goodbye')
  await it.alice.removeMember(group, it.bob)
  await it.alice.send(group, 'He is gone')
  await it.atBob.reaches(group, 3, 5_000)
  expect(it.atBob.uniqueEvents(group).map(({ __typename }) => __typename)).toEqual([
    'ChatUpdated',
    'MessageSent',
    'MemberRemoved',
  ])
})

test('who is added and removed again while Redis is dead hears of all of it', async () => {
  await using it = await scene()
  const carol = (await it.cluster.gateways[0]?.person('carol')) as Person
  const group = await it.alice.createGroup([carol])
  await it.cluster.redis.kill()
  await it.alice.addMembers(group, [it.bob])
  await it.alice.send(group, 'Welcome')
  await it.alice.removeMember(group, it.bob)
  await it.atBob.reaches(group, 4, 5_000)
  expect(it.atBob.seqs(group)).toEqual([2, 3, 4])
})

test('receipts that were lost with Redis come when it is back', async () => {
  await using it = await scene()
  await it.cluster.redis.kill()
  await it.bob.markRead(it.chat, 1)
  await it.cluster.redis.start()
  await it.atAlice.items.match(
    ({ __typename, user, readSeq }) =>
      __typename === 'ReceiptAdvanced' && (user as { id: string }).id === it.bob.id && readSeq === 1,
  )
})

test('after Redis has lost everything, messages find their way again at once', async () => {
  await using it = await scene()
  await it.cluster.redis.flush()
  await it.alice.send(it.chat, 'into the void')
  await it.atBob.reaches(it.chat, 2, 5_000)
  await it.alice.send(it.chat, 'and after')
  await it.atBob.reaches(it.chat, 3, 5_000)
})

test('a gateway starts while Redis is away, serves its people, and joins the others when it is back', async () => {
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
