import { Redis } from 'ioredis'
import { expect, test } from 'vitest'
import { startCluster, type TestCluster } from '../harness/servers/cluster.ts'
import { EventQueue } from '../harness/fixtures/event-queue.ts'
import { range } from '../harness/fixtures/chat-events.ts'
import type { TestParley } from '../harness/servers/parley.ts'
import type { Person, Stream } from '../harness/people/person.ts'

const GATEWAYS = 3
const USERS_EACH = 4

type Published = Readonly<{ channel: string; text: string }>

/** Records everything that is published on Redis. */
async function recordPublishes({ redis }: TestCluster) {
  const client = new Redis(redis.url)
  const published = new EventQueue<Published>()
  client.on('pmessage', (_pattern: string, channel: string, text: string) =>
    published.push({ channel, text }),
  )
  await client.psubscribe('*')
  return {
    published,
    /** The channel of each publish with this body. */
    channelsOf: (body: string) =>
      published.all.filter(({ text }) => text.includes(`"${body}"`)).map(({ channel }) => channel),
    [Symbol.dispose]: () => client.disconnect(),
  }
}

type Recording = Awaited<ReturnType<typeof recordPublishes>>

/** Resolves when all gateways know of each other: one that has just started relies on being alone for a moment. */
async function gatewaysFound(
  sender: Person,
  chat: string,
  { channelsOf }: Recording,
  others: number,
): Promise<void> {
  const found = async (): Promise<number> => {
    await sender.send(chat, 'hello')
    return new Set(channelsOf('hello')).size
  }
  await expect.poll(found, { timeout: 10_000, interval: 100 }).toBe(others)
}

/** Users on each gateway, all with an inbox. */
async function startUsers({ gateways }: TestCluster): Promise<readonly (readonly [Person, Stream])[]> {
  const persons = await Promise.all(
    gateways.flatMap((gateway, at) =>
      range(1, USERS_EACH).map(async (number) => gateway.person(`p${at}x${number}`)),
    ),
  )
  const users = persons.map((person) => [person, person.inbox('phone')] as const)
  await Promise.all(users.map(([, stream]) => stream.caughtUp()))
  return users
}

test('publishes a message once to each of the other two gateways, however many users they serve', async () => {
  await using cluster = await startCluster(GATEWAYS)
  using recording = await recordPublishes(cluster)
  const users = await startUsers(cluster)
  const [[sender], ...others] = users as [readonly [Person, Stream], ...(readonly [Person, Stream])[]]
  const chat = await sender.createGroup(others.map(([person]) => person))
  await gatewaysFound(sender, chat, recording, GATEWAYS - 1)
  const bodies = range(1, 10).map((number) => `message ${number}`)
  // One after the other: concurrent messages share publishes.
  for (const body of [...bodies, 'last message']) await sender.send(chat, body)
  // Sent last, the same way: when it has been published, all publishes of the others were recorded.
  await recording.published.until(() => recording.channelsOf('last message').length === GATEWAYS - 1)
  for (const body of bodies) {
    expect(recording.channelsOf(body)).toHaveLength(GATEWAYS - 1)
    expect(new Set(recording.channelsOf(body)).size).toBe(GATEWAYS - 1)
  }
})

test('publishes nothing if all members are on the gateway of the sender', async () => {
  await using cluster = await startCluster(2)
  using recording = await recordPublishes(cluster)
  const [west, east] = cluster.gateways as [TestParley, TestParley]
  const [alice, bob] = [await west.person('alice'), await west.person('bob')]
  const carol = await east.person('carol')
  const [here, there] = [await alice.startChat(bob), await alice.startChat(carol)]
  using bobInbox = bob.inbox('phone')
  using carolInbox = carol.inbox('phone')
  await Promise.all([bobInbox.caughtUp(), carolInbox.caughtUp()])
  await gatewaysFound(alice, there, recording, 1)
  await alice.send(here, 'for bob')
  await alice.send(there, 'for carol')
  await recording.published.until(() => recording.channelsOf('for carol').length > 0)
  await bobInbox.reaches(here, 1)
  expect(recording.channelsOf('for bob')).toEqual([])
})
