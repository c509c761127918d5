import { expect, test } from 'vitest'
import { startCluster, type TestCluster } from '../harness/cluster.ts'
import { range } from '../harness/events.ts'
import type { TestParley } from '../harness/parley.ts'
import type { Person, Stream } from '../harness/person.ts'

const GATEWAYS = 3
const PEOPLE_EACH = 4

/** By Redis' own count: how many messages were published, whoever published them. */
async function publishes({ redis }: TestCluster): Promise<number> {
  const info = String(await redis.command('info', 'commandstats'))
  const counts = [...info.matchAll(/cmdstat_s?publish:calls=(\d+)/g)].map(([, calls]) => Number(calls))
  return counts.reduce((sum, count) => sum + count, 0)
}

/** People on each gateway, all listening. */
async function audience({ gateways }: TestCluster): Promise<readonly (readonly [Person, Stream])[]> {
  const people = await Promise.all(
    gateways.flatMap((gateway, at) =>
      range(1, PEOPLE_EACH).map(async (number) => gateway.person(`p${at}x${number}`)),
    ),
  )
  const listening = people.map((person) => [person, person.inbox('phone')] as const)
  await Promise.all(listening.map(([, stream]) => stream.caughtUp()))
  return listening
}

test('a message to people on three gateways takes one publish for each of the other two, however many people', async () => {
  await using cluster = await startCluster(GATEWAYS)
  const listening = await audience(cluster)
  const [[sender], ...others] = listening as [readonly [Person, Stream], ...(readonly [Person, Stream])[]]
  const chat = await sender.createGroup(others.map(([person]) => person))
  const { headSeq: first } = await sender.look(chat)
  await Promise.all(listening.map(([, stream]) => stream.reaches(chat, first)))
  const before = await publishes(cluster)
  const messages = 10
  // One after the other: at once they would share publishes.
  for (const number of range(1, messages)) {
    await sender.send(chat, `message ${number}`)
    await Promise.all(listening.map(([, stream]) => stream.reaches(chat, first + number)))
  }
  expect((await publishes(cluster)) - before).toBe(messages * (GATEWAYS - 1))
})

test('a message to people who are all on the gateway of its sender takes no publish', async () => {
  await using cluster = await startCluster(2)
  const [west, east] = cluster.gateways as [TestParley, TestParley]
  const [alice, bob] = [await west.person('alice'), await west.person('bob')]
  const carol = await east.person('carol')
  const [here, there] = [await alice.startChat(bob), await alice.startChat(carol)]
  using atBob = bob.inbox('phone')
  using atCarol = carol.inbox('phone')
  await Promise.all([atBob.caughtUp(), atCarol.caughtUp()])
  const before = await publishes(cluster)
  await alice.send(here, 'Hello')
  await alice.send(here, 'Are you there?')
  // It goes the same way, after the others: when it is there, whatever they took has been counted.
  await alice.send(there, 'Hello')
  await Promise.all([atBob.reaches(here, 2), atCarol.reaches(there, 1)])
  expect((await publishes(cluster)) - before).toBe(1)
})
