import { expect, test } from 'vitest'
import { startCluster } from '../harness/servers/cluster.ts'
import { range } from '../harness/fixtures/chat-events.ts'
import type { TestParley } from '../harness/servers/parley.ts'

type Three = [TestParley, TestParley, TestParley]

test('delivers the same log in the same order on three gateways, through adding members and renaming', async () => {
  await using cluster = await startCluster(3)
  const [west, mid, east] = cluster.gateways as unknown as Three
  const [alice, bob, carol] = [
    await west.person('alice'),
    await mid.person('bob'),
    await east.person('carol'),
  ]
  const streams = [alice.inbox('phone'), bob.inbox('phone'), carol.inbox('phone')]
  await Promise.all(streams.map((stream) => stream.caughtUp()))
  const group = await alice.createGroup([bob])
  await bob.send(group, 'Hello Alice')
  await alice.addMembers(group, [carol])
  await alice.updateChat(group, { title: 'Three' })
  await carol.send(group, 'Hello you two')
  const { headSeq } = await alice.fetchChat(group)
  await Promise.all(streams.map((stream) => stream.reaches(group, headSeq)))
  const [aliceSeqs, bobSeqs, carolSeqs] = streams.map((stream) => stream.seqs(group))
  expect(aliceSeqs).toEqual(range(1, headSeq))
  expect(bobSeqs).toEqual(aliceSeqs)
  expect(carolSeqs).toEqual(aliceSeqs?.slice(-(carolSeqs?.length ?? 0)))
  for (const stream of streams) stream.close()
})

test('delivers the removal of a user and nothing later, on three devices of two gateways, during a flood', async () => {
  await using cluster = await startCluster(3)
  const [west, mid, east] = cluster.gateways as unknown as Three
  const [alice, carol] = [await west.person('alice'), await east.person('carol')]
  const [bobMid, bobEast] = [await mid.person('bob'), await east.person('bob')]
  const group = await alice.createGroup([bobMid, carol])
  const devices = [bobMid.inbox('phone'), bobEast.inbox('laptop'), bobEast.inbox('tablet')]
  using carolInbox = carol.inbox('phone')
  await Promise.all([...devices, carolInbox].map((stream) => stream.caughtUp()))
  const flood = Promise.all(
    range(1, 160).map(async (number) =>
      (number % 2 === 0 ? alice : carol).sendOverSocket(group, `${number}`),
    ),
  )
  await devices[0]?.reaches(group, 20)
  await alice.removeMember(group, bobMid)
  await flood
  await alice.send(group, 'He is gone')
  const { headSeq } = await alice.fetchChat(group)
  await carolInbox.reaches(group, headSeq)
  const removal = carolInbox.uniqueEvents(group).find(({ __typename }) => __typename === 'MemberRemoved')
  for (const device of devices) {
    await device.reaches(group, removal?.seq ?? 0)
    expect(device.uniqueEvents(group).at(-1)).toMatchObject({
      __typename: 'MemberRemoved',
      user: { id: bobMid.id },
    })
    expect(device.seqs(group)).toEqual(range(device.seqs(group)[0] ?? 0, removal?.seq ?? 0))
    device.close()
  }
})

test('delivers typing on another gateway, which ends with the message', async () => {
  await using cluster = await startCluster(2)
  const [west, east] = cluster.gateways as [TestParley, TestParley]
  const [alice, bob] = [await west.person('alice'), await east.person('bob')]
  const chat = await alice.startChat(bob)
  using bobInbox = bob.inbox('phone')
  await bobInbox.caughtUp()
  await alice.send(chat, 'Hello')
  await bobInbox.reaches(chat, 1)
  await alice.setTyping(chat, true)
  expect(await bobInbox.next('TypingChanged')).toMatchObject({ user: { id: alice.id }, typing: true })
  await alice.send(chat, 'Are you there?')
  expect(await bobInbox.next('TypingChanged')).toMatchObject({ user: { id: alice.id }, typing: false })
})
