import { expect, test } from 'vitest'
import type { ChatId } from '../../../src/ids.ts'
import { query } from '../../harness/servers/database.ts'
import { SERVER_API, startParley } from '../../harness/servers/parley.ts'
import { type Received, startReceiver, type WebhookReceiver } from '../../harness/people/webhook-receiver.ts'

const edit = (id: string) =>
  `mutation { editMessage(input: { messageId: "${id}", body: "Hello!" }) { message { id } } }`
const react = (id: string) =>
  `mutation { setReaction(input: { messageId: "${id}", emoji: "👍", present: true }) { message { id } } }`
const erase = (id: string) => `mutation { deleteMessage(input: { messageId: "${id}" }) { message { id } } }`
/** Ends the wait of all failed attempts. */
const END_WAITS = 'UPDATE chat_marks SET due_at = now()'

test('posts each kind of event once, in order, signed, and without content', async () => {
  await using stage = await startStage()
  const { alice, bob, receiver, chatId } = stage
  const { id: messageId } = await alice.send(chatId, 'Hello')
  await alice.run(edit(messageId))
  await bob.run(react(messageId))
  await alice.run(erase(messageId))
  const group = await alice.createGroup([bob])
  await alice.setRole(group, bob, 'ADMIN')
  await alice.updateChat(group, { title: 'Work' })
  await alice.removeMember(group, bob)
  await receiver.accepted.until((all) => all.length >= 8)
  const ofDirectChat = receiver.accepted.all.filter(({ data }) => data.chatId === chatId)
  expect(ofDirectChat.map(({ type, id, data }) => [type, id, data.seq])).toEqual([
    ['message.sent', `${chatId}_1`, 1],
    ['message.edited', `${chatId}_2`, 2],
    ['reaction.changed', `${chatId}_3`, 3],
    ['message.deleted', `${chatId}_4`, 4],
  ])
  expect(ofDirectChat[0]?.data).toEqual({ chatId, seq: 1, actorId: alice.id, messageId, senderId: alice.id })
  const ofGroup = receiver.accepted.all.filter(({ data }) => data.chatId === group)
  expect(ofGroup.map(({ type, data }) => [type, data.seq])).toEqual([
    ['chat.updated', 1],
    ['member.role_changed', 2],
    ['chat.updated', 3],
    ['member.removed', 4],
  ])
})

test('sends only the wanted types, and the text if that is wanted', async () => {
  await using stage = await startStage({ types: ['message.edited'], hasContent: true })
  const { alice, receiver, chatId } = stage
  const { id } = await alice.send(chatId, 'Hello')
  await alice.run(edit(id))
  const message = await receiver.accepted.next()
  expect([message.type, message.data['body']]).toEqual(['message.edited', 'Hello!'])
  expect(receiver.requestCount()).toBe(1)
})

test('a failing event holds back its own chat only, and is delivered first when it succeeds', async () => {
  await using stage = await startStage()
  const { alice, carol, receiver, chatId, databaseUrl } = stage
  const other = await alice.startChat(carol)
  receiver.answerWith(({ data }) => ({ status: data.chatId === chatId && data.seq === 2 ? 500 : 204 }))
  for (const body of ['one', 'two', 'three']) await alice.send(chatId, body)
  for (const body of ['one', 'two']) await alice.send(other, body)
  await receiver.accepted.until((all) => seqsOf(all, other).length === 2)
  expect(seqsOf(receiver.accepted.all, chatId)).toEqual([1])
  await expect.poll(() => failuresIn(databaseUrl)).toEqual([{ attempts: 1, last_error: 'status 500' }])
  receiver.answerWith(() => ({ status: 204 }))
  await query(databaseUrl, END_WAITS)
  await receiver.accepted.until((all) => seqsOf(all, chatId).length === 3)
  expect(seqsOf(receiver.accepted.all, chatId)).toEqual([1, 2, 3])
})

test('a receiver that is gone is paused, and gets everything that it missed when it is resumed', async () => {
  await using stage = await startStage()
  const { alice, receiver, chatId } = stage
  receiver.answerWith(({ data }) => ({ status: data.seq === 2 ? 410 : 204 }))
  for (const body of ['one', 'two', 'three']) await alice.send(chatId, body)
  const stateOf = async () => (await receiver.operate((webhooks) => webhooks.list()))[0]?.pauseReason
  await expect.poll(stateOf).toBe('the receiver answered 410 Gone')
  receiver.answerWith(() => ({ status: 204 }))
  await receiver.operate((webhooks) => webhooks.resume(receiver.id))
  await receiver.accepted.until((all) => all.length === 3)
  expect(seqsOf(receiver.accepted.all, chatId)).toEqual([1, 2, 3])
})

test('a redirect is a failure and is not followed', async () => {
  await using stage = await startStage()
  const { alice, receiver, chatId, databaseUrl } = stage
  receiver.answerWith(() => ({ status: 307, headers: { location: `${receiver.url}/elsewhere` } }))
  await alice.send(chatId, 'one')
  await expect.poll(() => failuresIn(databaseUrl)).toEqual([{ attempts: 1, last_error: 'status 307' }])
  expect(receiver.requestCount()).toBe(1)
})

test('waits as long as the receiver asks for', async () => {
  await using stage = await startStage()
  const { alice, receiver, chatId, databaseUrl } = stage
  receiver.answerWith(() => ({ status: 503, headers: { 'retry-after': '3600' } }))
  await alice.send(chatId, 'one')
  const waits =
    'SELECT due_at > now() + interval \'59 minutes\' AS "isLong" FROM chat_marks WHERE attempts = 1'
  await expect.poll(() => query(databaseUrl, waits)).toEqual([{ isLong: true }])
})

test('without --allow-private, an address of this machine is not connected to', async () => {
  await using stage = await startStage({ allowsPrivate: false })
  const { alice, receiver, chatId, databaseUrl } = stage
  await alice.send(chatId, 'one')
  const last_error = '127.0.0.1 is not a public address'
  await expect.poll(() => failuresIn(databaseUrl)).toEqual([{ attempts: 1, last_error }])
  expect(receiver.requestCount()).toBe(0)
})

test('delivers a chat again after any position', async () => {
  await using stage = await startStage()
  const { alice, receiver, chatId } = stage
  for (const body of ['one', 'two', 'three']) await alice.send(chatId, body)
  await receiver.accepted.until((all) => all.length === 3)
  const plain = chatId.replace('chat_', '') as ChatId
  await receiver.operate((webhooks) => webhooks.replay(receiver.id, plain, 1))
  await receiver.accepted.until((all) => all.length === 5)
  expect(seqsOf(receiver.accepted.all, chatId)).toEqual([1, 2, 3, 2, 3])
  await alice.send(chatId, 'four')
  await receiver.accepted.until((all) => all.length === 6)
  expect(seqsOf(receiver.accepted.all, chatId).at(-1)).toBe(4)
})

test('a replay from beyond what was delivered skips nothing', async () => {
  await using stage = await startStage()
  const { alice, receiver, chatId } = stage
  const plain = chatId.replace('chat_', '') as ChatId
  const replay = (afterSeq: number) =>
    receiver.operate((webhooks) => webhooks.replay(receiver.id, plain, afterSeq))
  // With a mark alone, and with a position.
  await receiver.operate((webhooks) => webhooks.pause(receiver.id))
  await expect.poll(async () => (await receiver.operate((all) => all.list()))[0]?.pausedAt).not.toBeNull()
  for (const body of ['one', 'two']) await alice.send(chatId, body)
  await replay(1)
  await receiver.operate((webhooks) => webhooks.resume(receiver.id))
  await receiver.accepted.until((all) => seqsOf(all, chatId).includes(2))
  await replay(999)
  await alice.send(chatId, 'three')
  await receiver.accepted.until((all) => seqsOf(all, chatId).includes(3))
  // A replay takes the lease from the worker, so an event in progress may be repeated.
  expect([...new Set(seqsOf(receiver.accepted.all, chatId))]).toEqual([1, 2, 3])
  const nowhere = '0199a1b2-0000-7000-8000-000000000000' as ChatId
  expect(await receiver.operate((webhooks) => webhooks.replay(receiver.id, nowhere, 0))).toBe('no chat')
})

test("the product's backend replays a chat to all webhooks, or to one", async () => {
  await using stage = await startStage()
  await using other = await startReceiver(stage.databaseUrl)
  const { alice, receiver, chatId, backend } = stage
  for (const body of ['one', 'two']) await alice.send(chatId, body)
  for (const each of [receiver, other]) await each.accepted.until((all) => seqsOf(all, chatId).length === 2)
  const replay = (input: string) =>
    `mutation { replayWebhooks(input: { chatId: "${chatId}", ${input} }) { webhookIds } }`
  expect(await backend.run(replay('afterSeq: 1'))).toEqual({
    replayWebhooks: { webhookIds: [receiver.id, other.id] },
  })
  for (const each of [receiver, other]) await each.accepted.until((all) => seqsOf(all, chatId).length === 3)
  await backend.run(replay(`afterSeq: 0, webhookId: "${other.id}"`))
  await other.accepted.until((all) => seqsOf(all, chatId).length === 5)
  expect(seqsOf(other.accepted.all, chatId)).toEqual([1, 2, 2, 1, 2])
  expect(seqsOf(receiver.accepted.all, chatId)).toEqual([1, 2, 2])
  expect(await backend.codeOf(replay('afterSeq: 0, webhookId: "wh_0"'))).toBe('NOT_FOUND')
  expect(await backend.codeOf(replay('afterSeq: -1'))).toBe('BAD_USER_INPUT')
})

test('events that have left the log are reported as a gap', async () => {
  await using stage = await startStage()
  const { alice, receiver, chatId, databaseUrl } = stage
  await receiver.operate((webhooks) => webhooks.pause(receiver.id))
  await expect.poll(async () => (await receiver.operate((all) => all.list()))[0]?.pausedAt).not.toBeNull()
  for (const body of ['one', 'two', 'three']) await alice.send(chatId, body)
  const id = chatId.replace('chat_', '')
  await query(databaseUrl, 'DELETE FROM chat_events WHERE chat_id = $1 AND seq <= 2', [id])
  await query(databaseUrl, 'INSERT INTO log_floors VALUES ($1, 2)', [id])
  const before = receiver.accepted.all.length
  await receiver.operate((webhooks) => webhooks.resume(receiver.id))
  await receiver.accepted.until((all) => seqsOf(all, chatId).includes(3))
  const after = receiver.accepted.all.slice(before)
  expect(after.at(-2)).toMatchObject({ type: 'chat.gap', data: { chatId, untilSeq: 2 } })
  expect(after.at(-1)).toMatchObject({ type: 'message.sent', data: { seq: 3 } })
})

test('a new secret signs together with the former one', async () => {
  await using stage = await startStage()
  const { alice, receiver, chatId } = stage
  const rotated = await receiver.operate((webhooks) => webhooks.rotateSecret(receiver.id))
  expect(rotated).toMatch(/^whsec_/)
  expect(rotated).not.toBe(receiver.secret)
  // The receiver still verifies with the former secret.
  await alice.send(chatId, 'one')
  await receiver.accepted.next()
})

test('appends leave marks only while there is a webhook', async () => {
  await using stage = await startStage()
  const { alice, receiver, chatId, databaseUrl } = stage
  const isEnabled = async () =>
    (
      await query<{ tgenabled: string }>(
        databaseUrl,
        "SELECT tgenabled FROM pg_trigger WHERE tgname = 'chat_events_mark'",
      )
    )[0]?.tgenabled
  expect(await isEnabled()).toBe('O')
  await alice.send(chatId, 'one')
  await receiver.accepted.next()
  await receiver.operate((webhooks) => webhooks.remove(receiver.id))
  expect(await isEnabled()).toBe('D')
  await alice.send(chatId, 'two')
  for (const table of ['chat_marks', 'follower_positions', 'followers'])
    expect(await query(databaseUrl, `SELECT * FROM ${table}`)).toEqual([])
})

/** A gateway with a receiver, and the direct chat of alice and bob. */
async function startStage(input: Parameters<typeof startReceiver>[1] = {}) {
  const resources = new AsyncDisposableStack()
  const parley = resources.use(await startParley({ config: SERVER_API }))
  const { databaseUrl } = parley
  const receiver: WebhookReceiver = resources.use(await startReceiver(databaseUrl, input))
  const [alice, bob, carol] = [
    await parley.person('alice'),
    await parley.person('bob'),
    await parley.person('carol'),
  ]
  const chatId = await alice.startChat(bob)
  const backend = await parley.backend()
  return {
    backend,
    alice,
    bob,
    carol,
    receiver,
    chatId,
    databaseUrl,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  }
}

function seqsOf(messages: readonly Received[], chatId: string): readonly number[] {
  return messages.flatMap(({ data }) => (data.chatId === chatId ? (data.seq ?? []) : []))
}

function failuresIn(databaseUrl: string): Promise<object[]> {
  return query(databaseUrl, 'SELECT attempts, last_error FROM chat_marks WHERE attempts > 0')
}
