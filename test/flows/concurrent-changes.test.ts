import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { MessageData } from '../harness/people/documents.ts'
import { startParley } from '../harness/servers/parley.ts'
import type { Person } from '../harness/people/person.ts'

const ROUNDS = 30
const SENDS = 8
const START_MS = 12

test('delivers messages that are sent during the start of an inbox once, between replay and live', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  for (const device of ['phone', 'laptop']) {
    using stream = bob.inbox(device)
    await stream.caughtUp()
  }

  for (let round = 1; round <= ROUNDS; round++) {
    const device = round % 2 === 0 ? 'phone' : 'laptop'
    using stream = bob.inbox(device)
    const sent = await Promise.all(Array.from({ length: SENDS }, () => sendSoon(alice, chat)))
    const last = Math.max(...sent.map(({ seq }) => seq))
    await stream.reaches(chat, last)
    const seqs = stream.items.all.flatMap((item) => (item.chat?.id === chat ? (item.seq ?? []) : []))
    expect(seqs).toEqual(Array.from(seqs, (_, index) => (seqs[0] ?? 0) + index))
    expect(seqs.at(-1)).toBe(last)
    await bob.markDelivered(chat, last, device)
  }
})

test('delivers all messages from some seq on to a device that is new at that moment', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  await alice.send(chat, 'first')

  for (let round = 1; round <= ROUNDS; round++) {
    using stream = bob.inbox(`device ${round}`)
    await Promise.all(Array.from({ length: SENDS }, () => sendSoon(alice, chat)))
    await stream.caughtUp()
    const last = await alice.send(chat, 'last')
    await stream.reaches(chat, last.seq)
    const seqs = stream.items.all.flatMap((item) => (item.chat?.id === chat ? (item.seq ?? []) : []))
    expect(seqs).toEqual(Array.from(seqs, (_, index) => last.seq + 1 - seqs.length + index))
  }
})

/** Waits for a random part of the few milliseconds in which an inbox starts. */
async function sendSoon(person: Person, chat: string): Promise<MessageData> {
  await delay(Math.random() * START_MS)
  return person.send(chat, 'hello')
}

test('delivers each event once, in order and without a gap to a second device that connects under load', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  using phone = bob.inbox('phone')
  await phone.caughtUp()
  const known = bob.inbox('laptop')
  await known.caughtUp()
  known.close()

  const flood = Promise.all(Array.from({ length: 400 }, () => alice.send(chat, randomUUID())))
  await phone.reaches(chat, 100)
  using laptop = bob.inbox('laptop')
  await flood
  await Promise.all([laptop.reaches(chat, 400), phone.reaches(chat, 400)])
  const all = Array.from({ length: 400 }, (_, index) => index + 1)
  for (const { items } of [phone, laptop]) {
    expect(items.all.flatMap(({ seq }) => seq ?? [])).toEqual(all)
  }
})
