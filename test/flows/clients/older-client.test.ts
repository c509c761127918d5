import { expect, test } from 'vitest'
import { type Person, Stream } from '../../harness/people/person.ts'
import { startParley } from '../../harness/servers/parley.ts'

/** The inbox of a client that knows only MessageSent. To it, every other event of a log is of an unknown type. */
const INBOX = `
  subscription ($deviceId: String) {
    inbox(deviceId: $deviceId) {
      __typename
      ... on ChatEvent { seq chat { id } }
      ... on MessageSent { message { body } }
    }
  }`
const REACT = `mutation ($id: ID!) {
  setReaction(input: { messageId: $id, emoji: "👍", present: true }) { message { id } }
}`

function openInbox(person: Person): Stream {
  return new Stream(person.connect(), INBOX, { deviceId: 'old phone' })
}

test('a client advances past event types that it does not know, and misses nothing', async () => {
  await using parley = await startParley()
  const [alice, bob, carol] = [
    await parley.person('alice'),
    await parley.person('bob'),
    await parley.person('carol'),
  ]
  const group = await alice.createGroup([bob])
  using atBob = openInbox(bob)
  await atBob.caughtUp()
  const message = await alice.send(group, 'Hello')
  await bob.run(REACT, { id: message.id })
  await alice.addMembers(group, [carol])
  const last = await alice.send(group, 'Hello Carol')
  await atBob.reaches(group, last.seq)
  const seqs = atBob.seqs(group)
  expect(seqs).toEqual(seqs.map((_, index) => (seqs[0] ?? NaN) + index))
  expect(seqs.at(-1)).toBe(last.seq)
  expect(atBob.bodies(group)).toContain('Hello Carol')

  await bob.markDelivered(group, last.seq, 'old phone')
  using again = openInbox(bob)
  await again.caughtUp()
  expect(again.seqs(group)).toEqual([])
})
