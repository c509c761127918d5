import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { startParley, UNLIMITED } from '../harness/servers/parley.ts'
import type { MessageData } from '../harness/people/documents.ts'
import type { Person } from '../harness/people/person.ts'
import { RawSocket } from './transport/raw-socket.ts'

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
    'مرحبا',
    "'; DROP TABLE messages; --",
    '{"a":"\\"}',
  ]) {
    await alice.send(chat, body)
    expect((await bob.fetchChat(chat)).lastMessage?.body).toBe(body)
  }
})

test('stores CRLF as LF, and finds the message again with either', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  const key = randomUUID()
  const first = await alice.trySend(chat, 'two\r\nlines', key)
  expect(first).toMatchObject({ deduplicated: false, message: { body: 'two\nlines' } })
  for (const body of ['two\nlines', 'two\r\nlines']) {
    expect(await alice.trySend(chat, body, key)).toMatchObject({
      deduplicated: true,
      message: { id: first.message.id },
    })
  }
  await expect(alice.send(chat, 'two lines', key)).rejects.toThrow('CONFLICT')
})

test('accepts the longest body in every form that JSON and GraphQL have for it, over the WebSocket', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  using socket = await new RawSocket(parley.url.replace('http', 'ws')).init({ authorization: alice.token })
  const escaped = String.raw`\ud83d\ude00`.repeat(8_192)
  const key = String.raw`\ud83d\ude00`.repeat(64)
  const inVariables = `{"id":"1","type":"subscribe","payload":{
    "query":"mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { body } } }",
    "variables":{"input":{"chatId":"${chat}","clientMessageId":"${key}","body":"${escaped}"}}}}`
  const inDocument = `{"id":"2","type":"subscribe","payload":{"query":"mutation { sendMessage(input: {
    chatId: \\"${chat}\\", clientMessageId: \\"2\\", body: \\"${escaped.replaceAll('\\', '\\\\')}\\"
  }) { message { body } } }"}}`.replaceAll(/\n\s*(?=[a-z}])/g, ' ')
  for (const [id, frame] of [
    ['1', inVariables],
    ['2', inDocument],
  ] as const) {
    socket.send(frame)
    const answer = await socket.messages.match((message) => message.id === id && message.type === 'next')
    const { data } = answer.payload as { data: { sendMessage: { message: Pick<MessageData, 'body'> } } }
    expect(data.sendMessage.message.body === '😀'.repeat(8_192)).toBe(true)
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
