import { expect, test } from 'vitest'
import { startCluster, type TestCluster } from '../harness/cluster.ts'
import { range } from '../harness/events.ts'
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
  await using cluster = await startCluster(GATEWAYS)
  const [alice, bob] = (await Promise.all(
    ['alice', 'bob'].map((name) => cluster.gateways[0]?.person(name)),
  )) as [Person, Person]
  const chat = await alice.startChat(bob)
  using atBob = bob.inbox('phone')
  await atBob.caughtUp()
  const before = await publishes(cluster)
  await alice.send(chat, 'Hello')
  await atBob.reaches(chat, 1)
  await alice.send(chat, 'Are you there?')
  await atBob.reaches(chat, 2)
  expect((await publishes(cluster)) - before).toBe(0)
})
