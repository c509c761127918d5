import { expect, test } from 'vitest'
import { query } from '../harness/servers/database.ts'
import { startParley } from '../harness/servers/parley.ts'
import type { Person, Stream } from '../harness/people/person.ts'

function types({ items }: Stream): string[] {
  return items.all.map(({ __typename }) => __typename)
}

test('sends all receipts to a device that acknowledged messages without an open inbox', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  const before = alice.inbox('phone')
  await before.caughtUp()
  before.close()

  const { seq } = await alice.send(chat, 'hello')
  await bob.markRead(chat, seq)
  // Makes the database believe that a day has passed.
  await query(parley.databaseUrl, `UPDATE members SET receipt_at = receipt_at - interval '1 day'`)
  await query(parley.databaseUrl, `UPDATE devices SET registered_at = registered_at - interval '2 days'`)
  const last = await bob.send(chat, 'and you?')
  await alice.markDelivered(chat, last.seq, 'phone')

  using after = alice.inbox('phone')
  await after.caughtUp()
  const ofBob = { __typename: 'ReceiptAdvanced', user: { id: bob.id }, readSeq: seq }
  expect(after.items.all).toContainEqual(expect.objectContaining(ofBob))
  expect(after.seqs(chat)).toEqual([])
})

test('moves the receipt position of a live device when it acknowledges', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  using atPhone = alice.inbox('phone')
  await atPhone.caughtUp()
  const { seq } = await alice.send(chat, 'hello')
  await bob.markRead(chat, seq)
  await atPhone.next('ReceiptAdvanced')
  await query(parley.databaseUrl, `UPDATE members SET receipt_at = receipt_at - interval '1 hour'`)
  await query(parley.databaseUrl, `UPDATE devices SET registered_at = registered_at - interval '2 days'`)

  await alice.markDelivered(chat, seq, 'phone')
  atPhone.close()
  using again = alice.inbox('phone')
  await again.caughtUp()
  expect(types(again)).toEqual(['ReceiptAdvanced', 'CaughtUp'])
  expect(again.items.all[0]).toMatchObject({ user: { id: alice.id } })
})

test('starts the inbox of a new device with CaughtUp, whatever happened just before', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  const { seq } = await alice.send(chat, 'hello')
  await bob.markRead(chat, seq)
  await alice.markDelivered(chat, 0, 'phone')
  using atPhone = alice.inbox('phone')
  await atPhone.caughtUp()
  expect(types(atPhone)).toEqual(['CaughtUp'])
})

test('stores no position for an unregistered device, but counts the message as delivered to its user', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  const { seq } = await alice.send(chat, 'hello')
  await bob.markDelivered(chat, seq, 'made up')
  expect((await alice.fetchChat(chat)).lastMessage?.status).toBe('DELIVERED')
  expect(await query(parley.databaseUrl, 'SELECT FROM device_positions')).toEqual([])
})

test('remembers 100 devices per user, and sends InboxReset to a forgotten one', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  await opened(bob, 'the oldest')
  for (let index = 1; index <= 100; index += 10) {
    await Promise.all(Array.from({ length: 10 }, (_, more) => opened(bob, `device ${index + more}`)))
  }
  await opened(bob, 'one more')
  await alice.send(chat, 'hello')

  using back = bob.inbox('the oldest')
  await back.caughtUp()
  expect(types(back)).toEqual(['InboxReset', 'CaughtUp'])
  back.close()
  using again = bob.inbox('the oldest')
  await again.caughtUp()
  expect(types(again)).toEqual(['InboxReset', 'CaughtUp'])

  await alice.send(chat, 'again')
  await again.reaches(chat, 2)
  // Through another gateway, on which the inbox is not open.
  await using other = await startParley({ databaseUrl: parley.databaseUrl })
  await (await other.person('bob')).markDelivered(chat, 1, 'the oldest')
  again.close()
  using known = bob.inbox('the oldest')
  await known.caughtUp()
  expect(known.seqs(chat)).toEqual([2])
  expect(types(known)).not.toContain('InboxReset')
}, 60_000)

async function opened(person: Person, deviceId: string): Promise<void> {
  using inbox = person.inbox(deviceId)
  await inbox.caughtUp()
}

test('replays each receipt once, in pages, and resets a device that has missed more than 10,000', async () => {
  await using parley = await startParley()
  const alice = await parley.person('alice')
  const register = alice.inbox('phone')
  await register.caughtUp()
  register.close()
  const replay = async (): Promise<Stream> => {
    const inbox = alice.inbox('phone')
    await inbox.caughtUp()
    inbox.close()
    return inbox
  }
  const receiptsOf = ({ items }: Stream): string[] =>
    items.all
      .filter(({ __typename }) => __typename === 'ReceiptAdvanced')
      .map(({ chat, user }) => `${chat?.id} ${(user as Person).id}`)

  await query(parley.databaseUrl, CROWDS, [25])
  const some = receiptsOf(await replay())
  expect(new Set(some).size).toBe(25 * 99)
  expect(some.length).toBe(25 * 99)
  await query(parley.databaseUrl, CROWDS, [77])
  const reset = await replay()
  expect(types(reset).slice(-2)).toEqual(['InboxReset', 'CaughtUp'])
  expect(receiptsOf(reset).length).toBe(10_000)
}, 30_000)

/** Groups of alice and 99 others, whose watermarks have moved. */
const CROWDS = `
  WITH crowd AS (
    INSERT INTO users (id, name, claims_issued_at) SELECT 'crowd' || i, 'Crowd ' || i, now() FROM generate_series(1, 99) i
    ON CONFLICT DO NOTHING
  ), groups AS (
    INSERT INTO chats (id, kind, title, creator_id, head_seq, members_seq, member_count)
    SELECT gen_random_uuid(), 'GROUP', 'Tea', 'alice', 1, 1, 100 FROM generate_series(1, $1::int) RETURNING id
  ), events AS (
    INSERT INTO chat_events (chat_id, seq, type, at, actor_id) SELECT id, 1, 'CHAT_UPDATED', now(), 'alice' FROM groups
  )
  INSERT INTO members (chat_id, user_id, delivered_seq, receipt_at)
  SELECT id, CASE WHEN i = 0 THEN 'alice' ELSE 'crowd' || i END, 1, CASE WHEN i > 0 THEN now() END
  FROM groups, generate_series(0, 99) i`
