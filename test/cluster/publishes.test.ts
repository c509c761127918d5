import { Redis } from 'ioredis'
import { expect, test } from 'vitest'
import { startCluster, type TestCluster } from '../harness/servers/cluster.ts'
import { EventQueue } from '../harness/fixtures/event-queue.ts'
import { range } from '../harness/fixtures/chat-events.ts'
import type { TestParley } from '../harness/servers/parley.ts'
import type { Person, Stream } from '../harness/people/person.ts'

const GATEWAYS = 3
const PEOPLE_EACH = 4

type Published = Readonly<{ channel: string; text: string }>

/** Everything that is published on Redis, whoever does it, as Redis tells it. */
async function overhear({ redis }: TestCluster) {
  const client = new Redis(redis.url)
  const published = new EventQueue<Published>()
  client.on('pmessage', (_pattern: string, channel: string, text: string) =>
    published.push({ channel, text }),
  )
  await client.psubscribe('*')
  return {
    published,
    /** The channels on which something with this body was published, as often as it was. */
    channelsOf: (body: string) =>
      published.all.filter(({ text }) => text.includes(`"${body}"`)).map(({ channel }) => channel),
    [Symbol.dispose]: () => client.disconnect(),
  }
}

type Overheard = Awaited<ReturnType<typeof overhear>>

/** A gateway that has just started takes itself to be alone for a moment, and people for not being elsewhere. */
async function acquainted(
  sender: Person,
  chat: string,
  { channelsOf }: Overheard,
  others: number,
): Promise<void> {
  const heard = async (): Promise<number> => {
    await sender.send(chat, 'Who is there?')
    return new Set(channelsOf('Who is there?')).size
  }
  await expect.poll(heard, { timeout: 10_000, interval: 100 }).toBe(others)
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
  using overheard = await overhear(cluster)
  const listening = await audience(cluster)
  const [[sender], ...others] = listening as [readonly [Person, Stream], ...(readonly [Person, Stream])[]]
  const chat = await sender.createGroup(others.map(([person]) => person))
  await acquainted(sender, chat, overheard, GATEWAYS - 1)
  const bodies = range(1, 10).map((number) => `message ${number}`)
  // One after the other: at once they would share publishes.
  for (const body of [...bodies, 'the last']) await sender.send(chat, body)
  // It goes the same way, after the others: when it is there, whatever they took has been counted.
  await overheard.published.until(() => overheard.channelsOf('the last').length === GATEWAYS - 1)
  for (const body of bodies) {
    expect(overheard.channelsOf(body)).toHaveLength(GATEWAYS - 1)
    expect(new Set(overheard.channelsOf(body)).size).toBe(GATEWAYS - 1)
  }
})

test('a message to people who are all on the gateway of its sender takes no publish', async () => {
  await using cluster = await startCluster(2)
  using overheard = await overhear(cluster)
  const [west, east] = cluster.gateways as [TestParley, TestParley]
  const [alice, bob] = [await west.person('alice'), await west.person('bob')]
  const carol = await east.person('carol')
  const [here, there] = [await alice.startChat(bob), await alice.startChat(carol)]
  using atBob = bob.inbox('phone')
  using atCarol = carol.inbox('phone')
  await Promise.all([atBob.caughtUp(), atCarol.caughtUp()])
  await acquainted(alice, there, overheard, 1)
  await alice.send(here, 'for bob')
  await alice.send(there, 'for carol')
  await overheard.published.until(() => overheard.channelsOf('for carol').length > 0)
  await atBob.reaches(here, 1)
  expect(overheard.channelsOf('for bob')).toEqual([])
})
