import { expect, test } from 'vitest'
import { startCluster, type TestCluster } from '../harness/servers/cluster.ts'
import { DELETE_MESSAGE, EDIT_MESSAGE, INBOX, SET_REACTION } from '../harness/people/documents.ts'
import { range } from '../harness/fixtures/chat-events.ts'
import { UNLIMITED } from '../harness/servers/parley.ts'
import type { Person } from '../harness/people/person.ts'
import { openRawSocket } from '../harness/network/raw-socket.ts'

/** Alice on the first gateway, bob on both, and their chat. */
async function startChat() {
  const cluster = await startCluster(2, { config: UNLIMITED })
  const [west, east] = cluster.gateways as [TestCluster['gateways'][0], TestCluster['gateways'][0]]
  const alice = await west.person('alice')
  const [bobWest, bobEast] = [await west.person('bob'), await east.person('bob')]
  const chat = await alice.startChat(bobWest)
  return { alice, bobWest, bobEast, chat, [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose]() }
}

/** Connects the device once: what comes afterwards is pending for it. */
async function connectOnce(person: Person, deviceId: string): Promise<void> {
  using stream = person.inbox(deviceId)
  await stream.caughtUp()
}

test('replays to each device of a user what that device has not acknowledged, on any gateway', async () => {
  await using it = await startChat()
  for (const device of ['phone', 'laptop', 'tablet']) await connectOnce(it.bobWest, device)
  for (const body of ['one', 'two', 'three', 'four']) await it.alice.send(it.chat, body)
  await it.bobWest.markDelivered(it.chat, 3, 'phone')
  await it.bobEast.markDelivered(it.chat, 1, 'laptop')
  using phone = it.bobEast.inbox('phone')
  using laptop = it.bobWest.inbox('laptop')
  using tablet = it.bobEast.inbox('tablet')
  await Promise.all([phone, laptop, tablet].map((stream) => stream.caughtUp()))
  expect(phone.bodies(it.chat)).toEqual(['four'])
  expect(laptop.bodies(it.chat)).toEqual(['two', 'three', 'four'])
  expect(tablet.bodies(it.chat)).toEqual(['one', 'two', 'three', 'four'])
})

/** Alice edits and deletes messages, and bob reacts. */
async function change({ alice, bobWest, chat }: Awaited<ReturnType<typeof startChat>>): Promise<void> {
  const kept = await alice.send(chat, 'Helo')
  const gone = await alice.send(chat, 'a secret')
  await alice.run(EDIT_MESSAGE, { input: { messageId: kept.id, body: 'Hello' } })
  await alice.run(DELETE_MESSAGE, { input: { messageId: gone.id } })
  await bobWest.run(SET_REACTION, { input: { messageId: kept.id, emoji: '👍', present: true } })
}

const CHANGES = [
  ['MessageSent', 1],
  ['MessageSent', 2],
  ['MessageEdited', 3],
  ['MessageDeleted', 4],
  ['ReactionChanged', 5],
]

test('delivers edits, deletions and reactions on another gateway, live and by replay', async () => {
  await using it = await startChat()
  await connectOnce(it.bobWest, 'phone')
  using laptop = it.bobEast.inbox('laptop')
  await laptop.caughtUp()
  await change(it)
  await laptop.reaches(it.chat, 5)
  using phone = it.bobEast.inbox('phone')
  await phone.caughtUp()
  for (const stream of [laptop, phone]) {
    expect(stream.uniqueEvents(it.chat).map(({ __typename, seq }) => [__typename, seq])).toEqual(CHANGES)
  }
  expect(phone.uniqueEvents(it.chat).at(-1)).toMatchObject({
    message: { body: 'Hello' },
    emoji: '👍',
    added: true,
  })
  expect(JSON.stringify(phone.items.all)).not.toContain('a secret')
})

test('delivers a missed receipt when the device reconnects to another gateway', async () => {
  await using it = await startChat()
  await connectOnce(it.bobWest, 'phone')
  await it.bobWest.send(it.chat, 'Hello Alice')
  await it.bobWest.markDelivered(it.chat, 1, 'phone')
  await it.alice.markRead(it.chat, 1)
  using phone = it.bobEast.inbox('phone')
  await phone.caughtUp()
  expect(phone.items.all).toContainEqual(
    expect.objectContaining({ __typename: 'ReceiptAdvanced', user: { id: it.alice.id }, readSeq: 1 }),
  )
})

test('disconnects a device that stops reading, affects no other, and replays the rest on another gateway', async () => {
  await using it = await startChat()
  using phone = await openRawSocket(it.bobEast.url, it.bobEast.token)
  phone.subscribe('1', INBOX, { deviceId: 'phone' })
  await phone.messages.match(({ payload }) => JSON.stringify(payload ?? '').includes('CaughtUp'))
  using laptop = it.bobEast.inbox('laptop')
  await laptop.caughtUp()
  phone.pause()
  const [body, count] = ['x'.repeat(8_000), 1_200]
  for (let sent = 0; sent < count; sent += 50) {
    await Promise.all(range(1, 50).map(() => it.alice.sendOverSocket(it.chat, body)))
  }
  await laptop.reaches(it.chat, count, 20_000)
  phone.resume()
  // A device that reads nothing for two more seconds does not receive the close code either.
  expect([4410, 1006]).toContain((await phone.closed).code)
  using again = it.bobWest.inbox('phone')
  await again.caughtUp()
  await again.reaches(it.chat, count)
  expect(again.seqs(it.chat)).toEqual(range(1, count))
}, 60_000)
