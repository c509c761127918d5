import { expect, test } from 'vitest'
import { startReceiver } from '../../harness/people/webhook-receiver.ts'
import type { Person } from '../../harness/people/person.ts'
import { query } from '../../harness/servers/database.ts'
import { SERVER_API, startParley } from '../../harness/servers/parley.ts'

/** The marks of one stream of a webhook. */
const MARKS = `SELECT due_at > now() + interval '59 minutes' AS "isLater" FROM chat_marks WHERE follower_id = $1`
const AN_HOUR_PASSES = `WITH aged AS (UPDATE messages SET sent_at = sent_at - interval '1 hour')
  UPDATE chat_marks SET due_at = due_at - interval '1 hour'`
const COLLAPSED = 'UPDATE chat_marks SET due_at = now() WHERE user_id <> $1'

test('message.pending names the devices without the message, of people who have not read it', async () => {
  await using stage = await startStage()
  const { alice, bob, carol, databaseUrl } = stage
  const group = await alice.createGroup([bob, carol, await stage.person('dave')])
  for (const device of ['phone', 'tablet']) await hasDevice(bob, device)
  await hasDevice(carol, 'phone')
  await hasDevice(alice, 'laptop')
  await using receiver = await startReceiver(databaseUrl, {
    types: ['message.pending'],
    pendingAfterS: 3_600,
  })
  const stream = [`${receiver.id}/pending`]
  const { id: messageId, seq } = await alice.send(group, 'Hello')
  await bob.markDelivered(group, seq, 'tablet')
  await carol.markRead(group, seq)
  await expect.poll(() => query(databaseUrl, MARKS, stream)).toEqual([{ isLater: true }])
  expect(receiver.requestCount()).toBe(0)
  await query(databaseUrl, AN_HOUR_PASSES)
  const { id, type, data } = await receiver.accepted.next()
  expect([id, type]).toEqual([`${group}_${seq}_pending`, 'message.pending'])
  expect(data).toEqual({
    chatId: group,
    seq,
    messageId,
    senderId: alice.id,
    recipients: [
      { userId: bob.id, deviceIds: ['phone'] },
      { userId: 'user_dave', deviceIds: [] },
    ],
  })
  await expect.poll(() => query(databaseUrl, MARKS, stream)).toEqual([])
})

test('a message that is deleted, read by all, or of the system, is not pending', async () => {
  await using stage = await startStage()
  const { alice, bob, databaseUrl } = stage
  const chatId = await alice.startChat(bob)
  await using receiver = await startReceiver(databaseUrl, {
    types: ['message.pending'],
    pendingAfterS: 3_600,
  })
  const deleted = await alice.send(chatId, 'deleted')
  await alice.run(`mutation { deleteMessage(input: { messageId: "${deleted.id}" }) { message { id } } }`)
  const read = await alice.send(chatId, 'read')
  await bob.markRead(chatId, read.seq)
  await stage.backend.run(
    `mutation { sendMessage(input: { chatId: "${chatId}", clientMessageId: "1", body: "system" }) { message { id } } }`,
  )
  const { seq } = await alice.send(chatId, 'pending')
  await expect.poll(() => query(databaseUrl, MARKS, [`${receiver.id}/pending`])).toEqual([{ isLater: true }])
  await query(databaseUrl, AN_HOUR_PASSES)
  expect((await receiver.accepted.next()).data.seq).toBe(seq)
  expect(receiver.requestCount()).toBe(1)
})

test('receipts are posted if they are asked for, and several become one', async () => {
  await using stage = await startStage()
  const { alice, bob, databaseUrl } = stage
  const chatId = await alice.startChat(bob)
  await using plain = await startReceiver(databaseUrl)
  await using receiver = await startReceiver(databaseUrl, { types: ['receipt.advanced'] })
  await alice.send(chatId, 'one')
  const { seq } = await alice.send(chatId, 'two')
  await bob.markRead(chatId, 1)
  await bob.markDelivered(chatId, seq)
  await query(databaseUrl, COLLAPSED, ['alice'])
  const { type, data } = await receiver.accepted.match(({ data: { userId } }) => userId === bob.id)
  expect(type).toBe('receipt.advanced')
  expect(data).toEqual({ chatId, userId: bob.id, deliveredSeq: seq, readSeq: 1 })
  expect(receiver.accepted.all.filter(({ data: { userId } }) => userId === bob.id)).toHaveLength(1)
  expect(plain.accepted.all.map(({ type: other }) => other)).not.toContain('receipt.advanced')
  // A later advance is another message.
  await bob.markRead(chatId, seq)
  await query(databaseUrl, COLLAPSED, ['alice'])
  expect((await receiver.accepted.match(({ data: { readSeq } }) => readSeq === seq)).data['userId']).toBe(
    bob.id,
  )
})

test('a new, renamed or deactivated user is posted, and activity is not', async () => {
  await using stage = await startStage()
  const { backend, databaseUrl } = stage
  await using receiver = await startReceiver(databaseUrl, { types: ['user.changed'], hasContent: true })
  const upsert = (name: string) =>
    backend.run(`mutation { upsertUsers(users: [{ id: "user_erin", name: "${name}" }]) { id } }`)
  await upsert('Erin')
  expect(await receiver.accepted.next()).toMatchObject({
    type: 'user.changed',
    data: { userId: 'user_erin', isDeactivated: false, name: 'Erin', avatarUrl: null },
  })
  await upsert('Erin')
  await query(databaseUrl, `UPDATE users SET last_active_at = now()`)
  await backend.run(
    'mutation { upsertUsers(users: [{ id: "user_erin", name: "Erin", data: { plan: "pro" } }]) { id } }',
  )
  expect((await receiver.accepted.next()).data['data']).toEqual({ plan: 'pro' })
  await backend.run('mutation { deactivateUser(userId: "user_erin") { id } }')
  expect((await receiver.accepted.next()).data['isDeactivated']).toBe(true)
  expect(receiver.requestCount()).toBe(3)
  expect(new Set(receiver.accepted.all.map(({ id }) => id)).size).toBe(3)
})

test('a change during a failed attempt is part of the next one', async () => {
  await using stage = await startStage()
  const { backend, databaseUrl } = stage
  await using receiver = await startReceiver(databaseUrl, { types: ['user.changed'], hasContent: true })
  const upsert = (name: string) =>
    backend.run(`mutation { upsertUsers(users: [{ id: "user_erin", name: "${name}" }]) { id } }`)
  receiver.answerWith(() => ({ status: 500 }))
  await upsert('Erin')
  const failed = 'SELECT attempts FROM chat_marks WHERE attempts > 0'
  await expect.poll(() => query(databaseUrl, failed)).toEqual([{ attempts: 1 }])
  await upsert('Erin Smith')
  receiver.answerWith(() => ({ status: 204 }))
  await query(databaseUrl, 'UPDATE chat_marks SET due_at = now()')
  expect((await receiver.accepted.next()).data['name']).toBe('Erin Smith')
  await expect.poll(() => query(databaseUrl, 'SELECT FROM chat_marks')).toEqual([])
  expect(receiver.accepted.all).toHaveLength(1)
})

test('statements are observed only while a webhook wants their type', async () => {
  await using stage = await startStage()
  const { databaseUrl } = stage
  const enabled = async () =>
    (
      await query<{ tgname: string }>(
        databaseUrl,
        `SELECT tgname FROM pg_trigger WHERE tgname LIKE '%\\_mark' AND tgenabled <> 'D' ORDER BY tgname`,
      )
    ).map(({ tgname }) => tgname)
  expect(await enabled()).toEqual([])
  const types = ['receipt.advanced', 'user.changed', 'message.pending'] as const
  await using receiver = await startReceiver(databaseUrl, { types })
  await using other = await startReceiver(databaseUrl, { types: ['message.sent'] })
  expect(await enabled()).toEqual(['chat_events_mark', 'members_mark', 'users_mark'])
  await receiver.operate((webhooks) => webhooks.remove(receiver.id))
  expect(await enabled()).toEqual(['chat_events_mark'])
  await other.operate((webhooks) => webhooks.remove(other.id))
  expect(await enabled()).toEqual([])
  expect(await query(databaseUrl, 'SELECT * FROM followers')).toEqual([])
})

/** Registers a device of the person, which then goes away. */
async function hasDevice(person: Person, device: string): Promise<void> {
  using inbox = person.inbox(device)
  await inbox.caughtUp()
}

async function startStage() {
  const parley = await startParley({ config: SERVER_API })
  const { databaseUrl } = parley
  const [alice, bob, carol] = [
    await parley.person('alice'),
    await parley.person('bob'),
    await parley.person('carol'),
  ]
  const backend = await parley.backend()
  return {
    alice,
    bob,
    carol,
    backend,
    databaseUrl,
    person: (name: string) => parley.person(name),
    [Symbol.asyncDispose]: () => parley[Symbol.asyncDispose](),
  }
}
