import { expect, test } from 'vitest'
import { startParley } from '../../harness/servers/parley.ts'

test('accepts all sends in order while members join and leave', async () => {
  await using parley = await startParley()
  const [alice, bob, carol] = await Promise.all([
    parley.person('alice'),
    parley.person('bob'),
    parley.person('carol'),
  ])
  const group = await alice.createGroup([bob])
  using atBob = bob.inbox('phone')
  await atBob.caughtUp()
  using _held = alice.chatEvents(group)

  const flow = new AbortController()
  const comeAndGo = (async () => {
    while (!flow.signal.aborted) {
      await alice.addMembers(group, [carol])
      await alice.removeMember(group, carol)
    }
  })()
  const bodies = Array.from({ length: 400 }, (_, index) => `${index}`)
  for (let sent = 0; sent < bodies.length; sent += 40) {
    await Promise.all(bodies.slice(sent, sent + 40).map((body) => alice.sendOverSocket(group, body)))
  }
  flow.abort()
  await comeAndGo
  await atBob.reaches(group, (await alice.fetchChat(group)).headSeq)

  expect(atBob.bodies(group)).toEqual(bodies)
  expect(atBob.seqs(group)).toEqual(Array.from(atBob.uniqueEvents(group), (_, index) => index + 2))
})
