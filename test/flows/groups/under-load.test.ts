import { expect, test } from 'vitest'
import { startParley, type TestParley } from '../../harness/servers/parley.ts'
import type { Person, Stream, StreamItem } from '../../harness/people/person.ts'

async function people(parley: TestParley, ...names: readonly string[]): Promise<Person[]> {
  return Promise.all(names.map((name) => parley.person(name)))
}

/** Sends messages until stopped, and returns how many. Rejects if a send fails. */
async function talk(
  person: Person,
  chatId: string,
  { aborted }: { aborted: () => boolean },
): Promise<number> {
  let count = 0
  for (; !aborted(); count += 1) await person.sendOverSocket(chatId, `${person.name} says ${count}`)
  return count
}

/** Returns the seqs within a user's membership periods, computed from the complete log of another member. */
function seqsOfPresence(log: readonly StreamItem[], userId: string): number[] {
  let isPresent = true
  return log.flatMap(({ __typename, seq, user }) => {
    const isAboutThem = (user as { id: string } | undefined)?.id === userId
    if (isAboutThem && __typename === 'MemberAdded') isPresent = true
    const sees = isPresent
    if (isAboutThem && __typename === 'MemberRemoved') isPresent = false
    return sees && seq !== undefined ? [seq] : []
  })
}

test('delivers exactly the membership periods of a user who is removed and added a hundred times under load', async () => {
  await using parley = await startParley()
  const [alice, bob, carol, dave] = (await people(parley, 'alice', 'bob', 'carol', 'dave')) as [
    Person,
    Person,
    Person,
    Person,
  ]
  const group = await alice.createGroup([bob, carol, dave])
  using atAlice = alice.inbox('phone')
  using atPhone = bob.inbox('phone')
  using atLaptop = bob.inbox('laptop')
  await Promise.all([atAlice, atPhone, atLaptop].map((stream: Stream) => stream.caughtUp()))

  let isOver = false
  const talking = [carol, dave].map((person) => talk(person, group, { aborted: () => isOver }))
  for (let round = 0; round < 100; round += 1) {
    await alice.removeMember(group, bob)
    await alice.addMembers(group, [bob])
  }
  isOver = true
  const said = await Promise.all(talking)
  const { seq } = await alice.send(group, 'the end')
  await Promise.all([atAlice, atPhone, atLaptop].map((stream: Stream) => stream.reaches(group, seq)))

  expect(seq).toBe(1 + 200 + said.reduce((sum, count) => sum + count, 0) + 1)
  // Alice's inbox started after the first event of the group.
  expect(atAlice.seqs(group)).toEqual(Array.from({ length: seq - 1 }, (_, index) => index + 2))
  const present = seqsOfPresence(atAlice.uniqueEvents(group), bob.id)
  expect(present.length).toBeLessThan(seq - 1)
  for (const stream of [atPhone, atLaptop]) expect(stream.seqs(group)).toEqual(present)
  const replayed = bob.inbox('laptop')
  await replayed.caughtUp()
  expect(replayed.seqs(group)).toEqual(present)
  replayed.close()
})

test('accepts all sends while twelve users join and leave as fast as possible', async () => {
  await using parley = await startParley()
  const guests = await people(parley, ...Array.from({ length: 12 }, (_, index) => `guest-${index}`))
  const [alice, bob, carol] = (await people(parley, 'alice', 'bob', 'carol')) as [Person, Person, Person]
  const group = await alice.createGroup([bob, carol, ...guests])
  let isOver = false
  const talking = [bob, carol].map((person) => talk(person, group, { aborted: () => isOver }))
  await Promise.all(
    guests.map(async (guest) => {
      for (let round = 0; round < 12; round += 1) {
        await guest.leave(group)
        await alice.addMembers(group, [guest])
      }
    }),
  )
  isOver = true
  const said = await Promise.all(talking)
  expect(Math.min(...said)).toBeGreaterThan(0)
  expect((await alice.fetchChat(group)).headSeq).toBe(
    1 + 12 * 24 + said.reduce((sum, count) => sum + count, 0),
  )
})
