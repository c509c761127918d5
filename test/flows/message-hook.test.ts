import { expect, test } from 'vitest'
import { EDIT_MESSAGE, SEND_MESSAGE } from '../harness/people/documents.ts'
import type { Person } from '../harness/people/person.ts'
import { type HookAnswer, startProductHook } from '../harness/people/product-hook.ts'
import { SERVER_API, startParley } from '../harness/servers/parley.ts'

type Question = Readonly<{ type: string; data: Readonly<{ body: string; [field: string]: unknown }> }>

const ACCEPT: HookAnswer = { json: { action: 'accept' } }

test('asks about each new message, and stores what the product accepts', async () => {
  await using stage = await startStage(() => ACCEPT)
  const { alice, chatId, questions } = stage
  expect(await send(alice, chatId, 'Hello', 'key-1')).toMatchObject({ body: 'Hello' })
  const data = { chatId, senderId: alice.id, clientMessageId: 'key-1', body: 'Hello', attachmentIds: [] }
  expect(questions).toMatchObject([{ type: 'message.send', data }])
})

test('the product is asked with the type and data of a message, which a replacement keeps', async () => {
  await using stage = await startStage(() => ({ json: { action: 'replace', body: '***' } }))
  const { alice, chatId, questions } = stage
  const custom = { type: 'order.placed', data: { order: 7 } }
  const input = { chatId, body: 'secret', clientMessageId: 'key-1', ...custom }
  const sent = await alice.run(SEND_MESSAGE, { input })
  expect(sent).toMatchObject({ sendMessage: { message: { body: '***', ...custom } } })
  expect(questions).toMatchObject([{ data: { messageType: 'order.placed', data: { order: 7 } } }])
})

test('a rejected message is not stored, and the sender reads why', async () => {
  await using stage = await startStage(() => ({ json: { action: 'reject', message: 'Please be kind.' } }))
  const { alice, chatId } = stage
  const { errors } = await attempt(alice, chatId, 'Rude', 'key-1')
  expect(errors).toMatchObject([
    { message: 'Please be kind.', extensions: { code: 'FORBIDDEN', retryable: false } },
  ])
  expect(await alice.run(`{ chat(id: "${chatId}") { headSeq } }`)).toEqual({ chat: { headSeq: 0 } })
})

test('stores the replacement, and a retry with the original text finds the same message', async () => {
  await using stage = await startStage(() => ({ json: { action: 'replace', body: '***' } }))
  const { alice, chatId, questions } = stage
  const first = await send(alice, chatId, 'secret', 'key-1')
  const again = await send(alice, chatId, 'secret', 'key-1')
  expect([first, again]).toMatchObject([{ body: '***' }, { body: '***' }])
  expect(again?.id).toBe(first?.id)
  expect(questions).toHaveLength(1)
  expect((await attempt(alice, chatId, '***', 'key-1')).errors?.[0]?.extensions.code).toBe('CONFLICT')
})

test('an edit is asked about as well', async () => {
  await using stage = await startStage(({ type }) =>
    type === 'message.edit' ? { json: { action: 'reject', message: 'No.' } } : ACCEPT,
  )
  const { alice, chatId, questions } = stage
  const message = await send(alice, chatId, 'Fine', 'key-1')
  const edit = { input: { messageId: message?.id, body: 'Rude' } }
  expect((await alice.post(EDIT_MESSAGE, edit)).errors?.[0]?.message).toBe('No.')
  expect(questions.at(-1)?.data).toEqual({ chatId, senderId: alice.id, messageId: message?.id, body: 'Rude' })
})

test('keeps the order of a sender, also if the product answers later messages first', async () => {
  await using stage = await startStage(({ data }) => ({ ...ACCEPT, afterMs: data.body === '0' ? 300 : 0 }))
  const { alice, chatId } = stage
  const sends = ['0', '1', '2', '3'].map((body) => send(alice, chatId, body, body))
  await Promise.all(sends)
  const data = await alice.run<{ chat: { messages: { edges: { node: { body: string } }[] } } }>(
    `{ chat(id: "${chatId}") { messages(first: 9) { edges { node { body } } } } }`,
  )
  const bodies = data.chat.messages.edges.map(({ node }) => node.body)
  expect(bodies.slice().sort()).toEqual(['0', '1', '2', '3'])
  // Requests over HTTP may arrive in any order; those over one WebSocket do not.
  const overSocket = ['a', 'b', 'c'].map((body) =>
    alice.requestOverSocket(SEND_MESSAGE, { input: { chatId, body, clientMessageId: body } }),
  )
  await Promise.all(overSocket)
  const { chat } = await alice.run<typeof data>(
    `{ chat(id: "${chatId}") { messages(last: 3) { edges { node { body } } } } }`,
  )
  expect(chat.messages.edges.map(({ node }) => node.body)).toEqual(['a', 'b', 'c'])
})

test('a retry joins the call in progress', async () => {
  await using stage = await startStage(() => ({ ...ACCEPT, afterMs: 200 }))
  const { alice, chatId, questions } = stage
  const [first, again] = await Promise.all([1, 2].map(() => send(alice, chatId, 'Hello', 'key-1')))
  expect(first?.id).toBe(again?.id)
  expect(questions).toHaveLength(1)
})

test.each([
  ['a status other than 200', { status: 503 }],
  ['an answer that is no decision', { json: { action: 'maybe' } }],
  ['a replacement that cannot be stored', { json: { action: 'replace', body: '' } }],
  ['no answer in time', { ...ACCEPT, afterMs: 3_000 }],
] satisfies [string, HookAnswer][])(
  'with %s the sender may send again, or it is accepted',
  async (_, answer) => {
    await using strict = await startStage(() => answer)
    const rejected = await attempt(strict.alice, strict.chatId, 'Hello', 'key-1')
    expect(rejected.errors?.[0]?.extensions).toMatchObject({ code: 'UNAVAILABLE', retryable: true })
    await using lenient = await startStage(() => answer, { acceptsUnchecked: true })
    expect(await send(lenient.alice, lenient.chatId, 'Hello', 'key-1')).toMatchObject({ body: 'Hello' })
  },
)

test('after five failures in a row the product is not asked for a while', async () => {
  await using stage = await startStage(() => ({ status: 500 }))
  const { alice, chatId, questions } = stage
  for (let number = 0; number < 8; number += 1) await attempt(alice, chatId, 'Hello', `key-${number}`)
  expect(questions).toHaveLength(5)
})

test('a message of the server API is not asked about', async () => {
  await using stage = await startStage(() => ({ json: { action: 'reject' } }))
  const { alice, chatId, backend, questions } = stage
  await backend.run(`mutation { sendMessage(input: { senderId: "${alice.id}", chatId: "${chatId}",
    clientMessageId: "1", body: "From the product" }) { deduplicated } }`)
  expect(questions).toEqual([])
})

async function startStage(decide: (question: Question) => HookAnswer, { acceptsUnchecked = false } = {}) {
  const resources = new AsyncDisposableStack()
  const { url, secret, questions } = resources.use(await startProductHook(decide))
  const parley = resources.use(
    await startParley({ config: { ...SERVER_API, hook: { url, acceptsUnchecked } }, hookSecret: secret }),
  )
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chatId = await alice.startChat(bob)
  const backend = await parley.backend()
  return { alice, chatId, backend, questions, [Symbol.asyncDispose]: () => resources.disposeAsync() }
}

type Sent = { sendMessage: { message: { id: string; body: string } } }

function attempt(person: Person, chatId: string, body: string, key: string) {
  return person.post<Sent>(SEND_MESSAGE, { input: { chatId, body, clientMessageId: key } })
}

async function send(person: Person, chatId: string, body: string, key: string) {
  return (await attempt(person, chatId, body, key)).data?.sendMessage.message
}
