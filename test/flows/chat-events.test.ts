import { expect, test } from 'vitest'
import { startParley } from '../harness/servers/parley.ts'

test('starts chatEvents after the given position, catches up, and continues live', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  for (const body of ['one', 'two', 'three']) await alice.send(chat, body)
  using stream = bob.chatEvents(chat, 1)
  await stream.caughtUp()
  await alice.send(chat, 'four')
  await stream.reaches(chat, 4)
  expect(stream.bodies(chat)).toEqual(['two', 'three', 'four'])
})

test('starts chatEvents without a position at the head, with events of this chat only', async () => {
  await using parley = await startParley()
  const [alice, bob, carol] = [
    await parley.person('alice'),
    await parley.person('bob'),
    await parley.person('carol'),
  ]
  const [chat, other] = [await alice.startChat(bob), await carol.startChat(bob)]
  await alice.send(chat, 'before')
  await carol.send(other, 'elsewhere')
  using stream = bob.chatEvents(chat)
  await stream.caughtUp()
  await carol.send(other, 'elsewhere again')
  await carol.markRead(other, 2)
  await alice.markRead(chat, 1)
  await alice.send(chat, 'after')
  await stream.reaches(chat, 2)
  expect(stream.items.all.filter(({ chat: of }) => of !== undefined && of.id !== chat)).toEqual([])
  expect(stream.bodies(chat)).toEqual(['after'])
})

test('sends InboxReset for a position beyond the head of the log', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  await alice.send(chat, 'one')
  using stream = bob.chatEvents(chat, 7)
  await stream.caughtUp()
  expect(stream.items.all.map((item) => item.__typename)).toEqual(['InboxReset', 'CaughtUp'])
})

test('returns the events of a chat page by page, from any position', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  for (const body of ['one', 'two', 'three', 'four']) await alice.send(chat, body)
  const seqsOf = async (afterSeq: number, first?: number): Promise<number[]> => {
    const query = `query ($id: ID!, $afterSeq: Int!, $first: Int) {
      chat(id: $id) { events(afterSeq: $afterSeq, first: $first) { seq } } }`
    const { chat: found } = await bob.run<{ chat: { events: { seq: number }[] } }>(query, {
      id: chat,
      afterSeq,
      first,
    })
    return found.events.map(({ seq }) => seq)
  }
  expect(await seqsOf(0)).toEqual([1, 2, 3, 4])
  expect(await seqsOf(1, 2)).toEqual([2, 3])
  expect(await seqsOf(4)).toEqual([])
  expect(await seqsOf(99)).toEqual([])
})
