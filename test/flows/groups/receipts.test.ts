import { expect, test } from 'vitest'
import { issueToken } from '../../../src/auth/issue-token.ts'
import { startParley, TEST_SECRET, type TestParley } from '../../harness/servers/parley.ts'
import { Person } from '../../harness/people/person.ts'

test('marks a group message DELIVERED and READ when all other members have it, while members join and leave', async () => {
  await using parley = await startParley()
  const [alice, bob, carol, dave] = (await Promise.all(
    ['alice', 'bob', 'carol', 'dave'].map((name) => parley.person(name)),
  )) as [Person, Person, Person, Person]
  const group = await alice.createGroup([bob, carol])
  const { seq } = await alice.send(group, 'hello')
  const status = async (): Promise<string | undefined> =>
    (await alice.fetchChat(group)).messages.edges[0]?.node.status

  await bob.markRead(group, seq)
  expect(await status()).toBe('SENT')
  await carol.markDelivered(group, seq)
  expect(await status()).toBe('DELIVERED')
  await alice.addMembers(group, [dave])
  expect(await status()).toBe('DELIVERED')
  await alice.removeMember(group, carol)
  expect(await status()).toBe('READ')
  await Promise.all([alice.removeMember(group, bob), alice.removeMember(group, dave)])
  expect(await status()).toBe('READ')
})

test('sends receipts of former members to the last member, live and after a reconnect', async () => {
  await using parley = await startParley()
  const [alice, bob] = await Promise.all([parley.person('alice'), parley.person('bob')])
  const group = await alice.createGroup([bob])
  const { seq } = await alice.send(group, 'hello')
  const next = await alice.send(group, 'still there?')
  await alice.removeMember(group, bob)
  const statuses = async (): Promise<readonly string[]> =>
    (await alice.fetchChat(group)).messages.edges.map(({ node }) => node.status)
  {
    using inbox = alice.inbox('phone')
    await inbox.caughtUp()
    await bob.markRead(group, seq)
    const receipt = { user: { id: bob.id }, deliveredSeq: seq, readSeq: seq }
    expect(await inbox.next('ReceiptAdvanced')).toMatchObject(receipt)
    expect(await statuses()).toEqual(['READ', 'SENT'])
  }
  await bob.markRead(group, next.seq)
  using again = alice.inbox('phone')
  const missed = { user: { id: bob.id }, deliveredSeq: next.seq, readSeq: next.seq }
  expect(await again.next('ReceiptAdvanced')).toMatchObject(missed)
  expect(await statuses()).toEqual(['READ', 'READ'])
})

test('sends receipts of a large group to the sender and to the other devices of the reader', async () => {
  await using parley = await startParley()
  const [alice, bob, carol] = (await Promise.all(
    ['alice', 'bob', 'carol'].map((name) => parley.person(name)),
  )) as [Person, Person, Person]
  const group = await alice.createGroup([bob, carol, ...(await crowd(parley, 100))])
  using atAlice = alice.inbox('phone')
  using atBob = bob.inbox('phone')
  using atCarol = carol.inbox('phone')
  await Promise.all([atAlice.caughtUp(), atBob.caughtUp(), atCarol.caughtUp()])

  const { seq } = await alice.send(group, 'hello')
  await carol.send(group, 'hi')
  await bob.markRead(group, seq)
  const receipt = { user: { id: bob.id }, deliveredSeq: seq, readSeq: seq }
  expect(await atAlice.next('ReceiptAdvanced')).toMatchObject(receipt)
  expect(await atBob.next('ReceiptAdvanced')).toMatchObject(receipt)
  await bob.markRead(group, seq + 1)
  const next = { user: { id: bob.id }, deliveredSeq: seq + 1, readSeq: seq + 1 }
  expect(await atCarol.next('ReceiptAdvanced')).toMatchObject(next)
  const countOf = (type: string, { items }: typeof atAlice): number =>
    items.all.filter(({ __typename }) => __typename === type).length
  expect(countOf('ReceiptAdvanced', atAlice)).toBe(1)
  expect(countOf('ReceiptAdvanced', atCarol)).toBe(1)
})

/** Inserts users who have signed in once and stay offline. */
async function crowd(parley: TestParley, count: number): Promise<Person[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const name = `fan-${index}`
      const token = await issueToken(TEST_SECRET, { subject: name, name })
      const person = new Person({ url: parley.url, token, name })
      await person.run('{ viewer { id } }')
      return person
    }),
  )
}
