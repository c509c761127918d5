import { expect, test } from 'vitest'
import { DELETE_MESSAGE, EDIT_MESSAGE, type MessageData, SET_REACTION } from '../harness/people/documents.ts'
import { startParley } from '../harness/servers/parley.ts'
import type { Person } from '../harness/people/person.ts'

const edit = async (person: Person, messageId: string, body: string): Promise<MessageData> =>
  (await person.run<{ editMessage: { message: MessageData } }>(EDIT_MESSAGE, { input: { messageId, body } }))
    .editMessage.message

const remove = async (person: Person, messageId: string): Promise<MessageData> =>
  (await person.run<{ deleteMessage: { message: MessageData } }>(DELETE_MESSAGE, { input: { messageId } }))
    .deleteMessage.message

const react = async (
  person: Person,
  messageId: string,
  emoji: string,
  present = true,
): Promise<MessageData> => {
  const data = await person.run<{ setReaction: { message: MessageData } }>(SET_REACTION, {
    input: { messageId, emoji, present },
  })
  return data.setReaction.message
}

test('delivers edits, reactions and deletions live, as separate events', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  using atBob = bob.inbox('phone')
  await atBob.caughtUp()

  const { id } = await alice.send(chat, 'Helo')
  await edit(alice, id, 'Hello')
  await react(bob, id, '👍')
  // An event has the state of its message at delivery or later, so check it before the next change.
  await atBob.reaches(chat, 3)
  await react(bob, id, '👍', false)
  await remove(alice, id)
  await atBob.reaches(chat, 5)

  expect(atBob.uniqueEvents(chat).map(({ __typename, message }) => [__typename, message?.body])).toEqual([
    ['MessageSent', 'Helo'],
    ['MessageEdited', 'Hello'],
    ['ReactionChanged', 'Hello'],
    ['ReactionChanged', 'Hello'],
    ['MessageDeleted', null],
  ])
  expect(atBob.uniqueEvents(chat)[2]).toMatchObject({
    emoji: '👍',
    added: true,
    message: { reactions: [{ emoji: '👍', users: [{ id: bob.id }] }] },
  })
})

test('replays all changes to a device that was away, without deleted content', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  bob.inbox('phone').close()
  {
    using first = bob.inbox('phone')
    await first.caughtUp()
  }
  const kept = await alice.send(chat, 'first')
  const gone = await alice.send(chat, 'a secret')
  await edit(alice, kept.id, 'first, edited')
  await remove(alice, gone.id)
  await react(alice, kept.id, '🎉')

  using later = bob.inbox('phone')
  await later.caughtUp()
  expect(later.uniqueEvents(chat).map(({ __typename, seq }) => [__typename, seq])).toEqual([
    ['MessageSent', 1],
    ['MessageSent', 2],
    ['MessageEdited', 3],
    ['MessageDeleted', 4],
    ['ReactionChanged', 5],
  ])
  expect(JSON.stringify(later.items.all)).not.toContain('a secret')
})

test('accepts a change that is in place already, without a new event', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  const { id } = await alice.send(chat, 'Hello')
  await edit(alice, id, 'Hello')
  await react(bob, id, '👍')
  await react(bob, id, '👍')
  await react(bob, id, '🎉', false)
  await remove(alice, id)
  await remove(alice, id)
  expect((await bob.fetchChat(chat)).headSeq).toBe(3)
})

test('takes every spelling of an emoji for one reaction, in its fully qualified form', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  const { id } = await alice.send(chat, 'Hello')
  for (const emoji of ['❤', '❤\uFE0F', '❤\uFE0E', '👍\uFE0F', '👍', '🏳\u200D🌈', '1\u20E3'])
    await react(bob, id, emoji)
  const reacted = await react(alice, id, '❤')
  expect(reacted.reactions).toEqual([
    { emoji: '❤\uFE0F', users: [{ id: bob.id }, { id: alice.id }] },
    { emoji: '👍', users: [{ id: bob.id }] },
    { emoji: '🏳\uFE0F\u200D🌈', users: [{ id: bob.id }] },
    { emoji: '1\uFE0F\u20E3', users: [{ id: bob.id }] },
  ])
  expect((await bob.fetchChat(chat)).headSeq).toBe(6)
  const { reactions } = await react(bob, id, '❤', false)
  expect(reactions.find(({ emoji }) => emoji === '❤\uFE0F')?.users).toEqual([{ id: alice.id }])
})

test('allows only the sender to edit and delete a message, and no changes after the deletion', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  const { id } = await alice.send(chat, 'Hello')
  await expect(edit(bob, id, 'Bye')).rejects.toThrow(/FORBIDDEN/)
  await expect(remove(bob, id)).rejects.toThrow(/FORBIDDEN/)
  await remove(alice, id)
  await expect(edit(alice, id, 'Bye')).rejects.toThrow(/FORBIDDEN/)
  await expect(react(bob, id, '👍')).rejects.toThrow(/FORBIDDEN/)
})

test('answers a repeated send with the tombstone if the message was deleted meanwhile', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  const { id: messageId } = await alice.send(chat, 'oops', 'the-key')
  await alice.run(DELETE_MESSAGE, { input: { messageId } })
  expect(await alice.trySend(chat, 'oops', 'the-key')).toMatchObject({
    deduplicated: true,
    message: { id: messageId, body: null },
  })
})

test('stores all concurrent reactions, and leaves no gap in the log', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  using atBob = bob.inbox('phone')
  await atBob.caughtUp()
  const { id } = await alice.send(chat, 'Hello')
  const emojis = ['👍', '🎉', '❤️', '😀', '🚀']
  await Promise.all(
    [alice, bob].flatMap((person) => [
      ...emojis.map((emoji) => react(person, id, emoji)),
      person.send(chat, 'x'),
    ]),
  )
  await atBob.reaches(chat, 13)
  expect(atBob.seqs(chat)).toEqual(Array.from({ length: 13 }, (_, index) => index + 1))
  const [first] = (await bob.fetchChat(chat)).messages.edges
  expect(first?.node.reactions.map(({ users }) => users.length)).toEqual([2, 2, 2, 2, 2])
})
