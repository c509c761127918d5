import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { startParley } from '../harness/parley.ts'

const ROUNDS = 60

test('what is sent at the very moment in which an inbox starts is there once, between replay and live', async () => {
  await using parley = await startParley()
  const [alice, bob] = [await parley.person('alice'), await parley.person('bob')]
  const chat = await alice.startChat(bob)
  await alice.send(chat, 'first')

  for (let round = 1; round <= ROUNDS; round++) {
    const device = round % 2 === 0 ? 'phone' : 'laptop'
    using stream = bob.inbox(device)
    const [sent] = await Promise.all([alice.send(chat, `${round}`), stream.caughtUp()])
    await alice.send(chat, `${round} and one more`)
    await stream.reaches(chat, sent.seq + 1)
    const seqs = stream.items.all.flatMap((item) => (item.chat?.id === chat ? (item.seq ?? []) : []))
    expect(seqs.slice(-1)).toEqual([sent.seq + 1])
    expect(seqs).toEqual(Array.from(seqs, (_, index) => (seqs[0] ?? 0) + index))
    await bob.markDelivered(chat, sent.seq + 1, device)
  }
})

test("a person's second device that comes during a flood gets each event once, in order, without a hole", async () => {
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
