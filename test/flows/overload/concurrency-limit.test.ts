import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { expect, test } from 'vitest'
import { EDIT_MESSAGE, MARK_DELIVERED, SET_REACTION } from '../../harness/people/documents.ts'
import { startParley, UNLIMITED } from '../../harness/servers/parley.ts'

const HISTORY = 'query ($id: ID!) { chat(id: $id) { messages(last: 20) { edges { node { body } } } } }'

/** Blocks all changes to the chat until it is disposed. */
async function holdUp(databaseUrl: string, chatId: string): Promise<AsyncDisposable> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  await client.query('BEGIN')
  await client.query('SELECT FROM chats WHERE id = $1 FOR UPDATE', [chatId.replace('chat_', '')])
  return { [Symbol.asyncDispose]: () => client.end() }
}

test("many blocked operations of one user delay neither other users nor that user's messages", async () => {
  await using parley = await startParley({ config: UNLIMITED })
  const [alice, bob, carol] = [
    await parley.person('alice'),
    await parley.person('bob'),
    await parley.person('carol'),
  ]
  const stuck = await alice.startChat(bob)
  const { id: messageId } = await alice.send(stuck, 'Look at this')
  const chat = await bob.startChat(carol)
  const own = await bob.send(chat, 'Hello')
  const another = await alice.startChat(carol)

  const reacting = await (async () => {
    await using _ = await holdUp(parley.databaseUrl, stuck)
    const responses = Array.from({ length: 90 }, (_none, index) =>
      alice.requestOverSocket(SET_REACTION, { input: { messageId, emoji: '👍', present: index % 2 === 0 } }),
    )
    expect(
      (await bob.requestOverSocket(EDIT_MESSAGE, { input: { messageId: own.id, body: 'Good day' } })).errors,
    ).toBeUndefined()
    expect((await bob.requestOverSocket(HISTORY, { id: chat })).errors).toBeUndefined()
    const { seq } = await alice.send(another, randomUUID())
    const delivered = { input: { positions: [{ chatId: another, seq }] } }
    expect((await alice.requestOverSocket(MARK_DELIVERED, delivered)).errors).toBeUndefined()
    return responses
  })()
  const errors = (await Promise.all(reacting)).flatMap((answer) => answer.errors ?? [])
  expect(errors).toEqual([])
})
