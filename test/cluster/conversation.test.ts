import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { type TestCluster, startCluster } from '../harness/servers/cluster.ts'
import type { Person } from '../harness/people/person.ts'

/** One user on each gateway, by name. The same name is the same user. */
async function on(cluster: TestCluster, ...names: readonly string[]): Promise<Person[]> {
  return Promise.all(names.map((name, index) => cluster.gateways[index]?.person(name) as Promise<Person>))
}

test('delivers messages and receipts between users on different gateways', async () => {
  await using cluster = await startCluster(2)
  const [alice, bob] = (await on(cluster, 'alice', 'bob')) as [Person, Person]
  using aliceInbox = alice.inbox('phone')
  using bobInbox = bob.inbox('phone')
  await Promise.all([aliceInbox.caughtUp(), bobInbox.caughtUp()])
  const chat = await alice.startChat(bob)
  await alice.send(chat, 'Hello Bob')
  await bobInbox.reaches(chat, 1)
  await bob.send(chat, 'Hello Alice')
  await Promise.all([aliceInbox.reaches(chat, 2), bobInbox.reaches(chat, 2)])
  expect(bobInbox.bodies(chat)).toEqual(['Hello Bob', 'Hello Alice'])
  expect(aliceInbox.bodies(chat)).toEqual(['Hello Bob', 'Hello Alice'])

  await bob.markRead(chat, 2)
  const receipt = await aliceInbox.items.match(
    (item) => item.__typename === 'ReceiptAdvanced' && item['readSeq'] === 2,
  )
  expect(receipt).toMatchObject({ user: { id: bob.id }, deliveredSeq: 2 })
})

test('delivers a message to all devices of its sender, on three gateways', async () => {
  await using cluster = await startCluster(3)
  const devices = (await on(cluster, 'bob', 'bob', 'bob')) as [Person, Person, Person]
  const alice = (await cluster.gateways[0]?.person('alice')) as Person
  const streams = devices.map((bob, index) => bob.inbox(`device-${index}`))
  await Promise.all(streams.map((stream) => stream.caughtUp()))
  const chat = await alice.startChat(devices[0])
  await devices[1].send(chat, 'from the second device')
  await alice.send(chat, 'from alice')
  await Promise.all(streams.map((stream) => stream.reaches(chat, 2)))
  for (const stream of streams) {
    expect(stream.bodies(chat)).toEqual(['from the second device', 'from alice'])
    stream.close()
  }
})

test('replays what a device has not acknowledged when it reconnects to another gateway', async () => {
  await using cluster = await startCluster(2)
  const [first, second] = (await on(cluster, 'bob', 'bob')) as [Person, Person]
  const alice = (await cluster.gateways[1]?.person('alice')) as Person
  const chat = await alice.startChat(first)
  const before = first.inbox('phone')
  await before.caughtUp()
  await alice.send(chat, 'one')
  await before.reaches(chat, 1)
  await first.markDelivered(chat, 1, 'phone')
  before.close()
  await alice.send(chat, 'two')
  using after = second.inbox('phone')
  await after.caughtUp()
  await alice.send(chat, 'three')
  await after.reaches(chat, 3)
  expect(after.bodies(chat)).toEqual(['two', 'three'])
})

test('stores one message for fifty concurrent sends with one key, through two gateways', async () => {
  await using cluster = await startCluster(2)
  const alices = (await on(cluster, 'alice', 'alice')) as [Person, Person]
  const bob = (await cluster.gateways[0]?.person('bob')) as Person
  const chat = await alices[0].startChat(bob)
  const key = randomUUID()
  const sends = Array.from({ length: 50 }, (_, index) =>
    (alices[index % 2] as Person).trySend(chat, 'Hello', key),
  )
  const answers = await Promise.all(sends)
  expect(new Set(answers.map(({ message }) => message.id)).size).toBe(1)
  expect((await bob.fetchChat(chat)).headSeq).toBe(1)
})

test('delivers one log without gaps and in order, with writers on three gateways', async () => {
  await using cluster = await startCluster(3)
  const writers = (await on(cluster, 'alice', 'bob', 'alice')) as [Person, Person, Person]
  const chat = await writers[0].startChat(writers[1])
  const streams = writers.map((writer, index) => writer.inbox(`device-${index}`))
  await Promise.all(streams.map((stream) => stream.caughtUp()))
  const each = 200
  await Promise.all(
    writers.map(async (writer, number) => {
      for (let sent = 0; sent < each; sent += 10) {
        const batch = Array.from({ length: 10 }, (_, index) => `${number} says ${sent + index}`)
        await Promise.all(batch.map((body) => writer.sendOverSocket(chat, body)))
      }
    }),
  )
  await Promise.all(streams.map((stream) => stream.reaches(chat, 3 * each)))
  for (const stream of streams) {
    expect(stream.seqs(chat)).toEqual(Array.from({ length: 3 * each }, (_, index) => index + 1))
    for (const number of [0, 1, 2]) {
      const own = stream.bodies(chat).filter((body) => body?.startsWith(`${number} `))
      expect(own).toEqual(Array.from({ length: each }, (_, index) => `${number} says ${index}`))
    }
    stream.close()
  }
})
