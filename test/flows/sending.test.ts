import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { startParley, UNLIMITED } from '../harness/servers/parley.ts'
import type { Person } from '../harness/people/person.ts'

const WRITERS = 8
const MESSAGES_EACH = 500

test('stores one message for fifty concurrent sends with the same key', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  const key = randomUUID()
  const answers = await Promise.all(Array.from({ length: 50 }, () => alice.trySend(chat, 'Hello', key)))

  expect(new Set(answers.map(({ message }) => message.id)).size).toBe(1)
  expect(answers.filter(({ deduplicated }) => !deduplicated)).toHaveLength(1)
  expect((await bob.fetchChat(chat)).headSeq).toBe(1)
})

test('leaves no gap in the log with eight concurrent senders, and keeps the order of each', async () => {
  await using parley = await startParley({ config: UNLIMITED })
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  using atBob = bob.inbox('phone')
  await atBob.caughtUp()

  const writers = Array.from({ length: WRITERS }, (_, index) => [alice, bob][index % 2] as Person)
  await Promise.all(writers.map((writer, index) => writeAll(writer, chat, `writer ${index}`)))
  await atBob.reaches(chat, WRITERS * MESSAGES_EACH, 30_000)

  expect(atBob.seqs(chat)).toEqual(Array.from({ length: WRITERS * MESSAGES_EACH }, (_, index) => index + 1))
  for (const index of writers.keys()) {
    const own = atBob.bodies(chat).filter((body) => body?.startsWith(`writer ${index} `))
    expect(own).toEqual(bodiesOf(`writer ${index}`))
  }
}, 120_000)

function bodiesOf(name: string): string[] {
  return Array.from({ length: MESSAGES_EACH }, (_, index) => `${name} says ${index}`)
}

/** Sends over the WebSocket, a few at a time. The gateway runs the operations of one connection in order of arrival. */
async function writeAll(writer: Person, chat: string, name: string): Promise<void> {
  const bodies = bodiesOf(name)
  for (let first = 0; first < bodies.length; first += 20) {
    await Promise.all(bodies.slice(first, first + 20).map((body) => writer.sendOverSocket(chat, body)))
  }
}

test('stores bodies unchanged, up to 8,192 characters of any script', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  for (const body of [
    'x',
    '👍🏽'.repeat(4_096),
    'line\n\tline',
    '  ',
    'مرحبا',
    "'; DROP TABLE messages; --",
    '{"a":"\\"}',
  ]) {
    await alice.send(chat, body)
    expect((await bob.fetchChat(chat)).lastMessage?.body).toBe(body)
  }
})

test('returns the message that a reply refers to', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  const question = await alice.send(chat, 'Coming?')
  await bob.run(`mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { id } } }`, {
    input: { chatId: chat, clientMessageId: 'yes', body: 'Yes', replyToId: question.id },
  })
  expect((await alice.fetchChat(chat)).lastMessage).toMatchObject({
    body: 'Yes',
    replyTo: { id: question.id },
  })
})
