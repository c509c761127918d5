import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { startParley } from '../harness/servers/parley.ts'

test("delivers a message to the recipient's device and to the sender's own device", async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  using atAlice = alice.inbox('phone')
  using atBob = bob.inbox('phone')
  await Promise.all([atAlice.caughtUp(), atBob.caughtUp()])

  const chat = await alice.startChat(bob)
  await alice.send(chat, 'Hello Bob')
  await atBob.reaches(chat, 1)
  await bob.send(chat, 'Hello Alice')
  await Promise.all([atAlice.reaches(chat, 2), atBob.reaches(chat, 2)])

  expect(atBob.bodies(chat)).toEqual(['Hello Bob', 'Hello Alice'])
  expect(atAlice.bodies(chat)).toEqual(['Hello Bob', 'Hello Alice'])
})

test('moves a message from SENT to DELIVERED when a device acknowledges it, then to READ', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  using atAlice = alice.inbox('phone')
  await atAlice.caughtUp()

  const { status, seq } = await alice.send(chat, 'Hello')
  expect(status).toBe('SENT')

  await bob.markDelivered(chat, seq, 'phone')
  expect(await atAlice.next('ReceiptAdvanced')).toMatchObject({
    user: { id: bob.id },
    deliveredSeq: 1,
    readSeq: 0,
  })
  expect((await alice.fetchChat(chat)).lastMessage?.status).toBe('DELIVERED')

  await bob.markRead(chat, seq)
  expect(await atAlice.next('ReceiptAdvanced')).toMatchObject({
    user: { id: bob.id },
    deliveredSeq: 1,
    readSeq: 1,
  })
  expect((await alice.fetchChat(chat)).lastMessage?.status).toBe('READ')
})

test('replays the unacknowledged messages after a reconnect, in order and once', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)

  const before = bob.inbox('phone')
  await before.caughtUp()
  await alice.send(chat, 'one')
  await before.reaches(chat, 1)
  await bob.markDelivered(chat, 1, 'phone')
  before.close()

  for (const body of ['two', 'three', 'four']) await alice.send(chat, body)
  using after = bob.inbox('phone')
  await after.caughtUp()
  expect(after.bodies(chat)).toEqual(['two', 'three', 'four'])

  await alice.send(chat, 'five')
  await after.reaches(chat, 5)
  expect(after.seqs(chat)).toEqual([2, 3, 4, 5])
})

test('keeps a separate position for each device', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  for (const device of ['phone', 'laptop']) {
    using stream = bob.inbox(device)
    await stream.caughtUp()
  }
  for (const body of ['one', 'two', 'three']) await alice.send(chat, body)
  await bob.markDelivered(chat, 2, 'phone')

  using phone = bob.inbox('phone')
  using laptop = bob.inbox('laptop')
  await Promise.all([phone.caughtUp(), laptop.caughtUp()])
  expect(phone.bodies(chat)).toEqual(['three'])
  expect(laptop.bodies(chat)).toEqual(['one', 'two', 'three'])
})

test('replays nothing to a new device', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  await alice.send(chat, 'old news')
  using stream = bob.inbox('phone')
  await stream.caughtUp()
  expect(stream.items.all.map((item) => item.__typename)).toEqual(['CaughtUp'])
})

test('counts events as delivered when they are written to the socket, if there is no device id', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  using atAlice = alice.inbox('phone')
  using atBob = bob.inbox()
  await Promise.all([atAlice.caughtUp(), atBob.caughtUp()])
  await alice.send(chat, 'Hello')
  const receipt = await atAlice.items.match(
    (item) => item.__typename === 'ReceiptAdvanced' && (item['user'] as { id: string }).id === bob.id,
  )
  expect(receipt).toMatchObject({ deliveredSeq: 1, readSeq: 0 })
})

test('stores one message for five sends with the same key, and answers CONFLICT for another body', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  const key = randomUUID()
  const first = await alice.trySend(chat, 'Hello', key)
  const again = await alice.trySend(chat, 'Hello', key)
  expect([first.deduplicated, again.deduplicated]).toEqual([false, true])
  expect(again.message.id).toBe(first.message.id)
  await expect(alice.trySend(chat, 'Something else', key)).rejects.toThrow(/CONFLICT/)
  expect((await bob.fetchChat(chat)).headSeq).toBe(1)
})
