import { expect, test } from 'vitest'
import type { Person } from '../../../test/harness/people/person.ts'
import { startParley } from '../../../test/harness/servers/parley.ts'
import { type GroupEvent, groupEvents } from '../src/group-events.ts'
import { open, startClient } from './client.ts'

const ALL = `query ($id: ID!) { chat(id: $id) { events(afterSeq: 0) { __typename seq } } }`
const TYPES: Readonly<Record<string, GroupEvent['type']>> = {
  ChatUpdated: 'chat-updated',
  MemberAdded: 'member-added',
  MemberRemoved: 'member-removed',
  MemberRoleChanged: 'role-changed',
}

/** Each event beside the messages that this person may see, by a fresh query. */
async function logOf(person: Person, chatId: string): Promise<string[]> {
  type Data = { chat: { events: readonly { __typename: string; seq: number }[] } }
  const { chat } = (await person.run(ALL, { id: chatId })) as Data
  return chat.events.flatMap(({ __typename, seq }) => {
    const type = TYPES[__typename]
    return type === undefined ? [] : [`${seq} ${type}`]
  })
}

function lines(events: readonly GroupEvent[]): string[] {
  return events.map(({ seq, type }) => `${seq} ${type}`)
}

test('tells live what happens to a group, with the actor and the user', async () => {
  await using parley = await startParley()
  const [alice, bob, carol] = await Promise.all([
    parley.person('alice'),
    parley.person('bob'),
    parley.person('carol'),
  ])
  const chatId = await alice.createGroup([bob], { title: 'Garden' })
  await using client = await startClient({ url: parley.url, token: bob.token })
  const events = groupEvents(client, chatId)
  events.subscribe(() => undefined)
  await expect.poll(() => lines(events.getSnapshot())).toEqual(['1 chat-updated'])
  await alice.addMembers(chatId, [carol])
  await alice.send(chatId, 'Welcome')
  await alice.setRole(chatId, carol, 'ADMIN')
  await alice.updateChat(chatId, { title: 'Herbs' })
  await carol.leave(chatId)
  const told = () =>
    events.getSnapshot().map((event) => {
      const user = 'user' in event ? event.user.name : ''
      return `${event.actor.name} ${event.type} ${user}${'role' in event ? ` ${event.role}` : ''}`.trim()
    })
  await expect
    .poll(told)
    .toEqual([
      'Alice chat-updated',
      'Alice member-added Carol',
      'Alice role-changed Carol ADMIN',
      'Alice chat-updated',
      'Carol member-removed Carol',
    ])
  // A viewer who comes back does not see what happened meanwhile.
  await alice.removeMember(chatId, bob)
  await alice.updateChat(chatId, { title: 'Without Bob' })
  await alice.addMembers(chatId, [bob])
  await alice.updateChat(chatId, { title: 'With Bob' })
  const log = await logOf(bob, chatId)
  expect(log.length).toBeLessThan((await logOf(alice, chatId)).length)
  await expect.poll(() => lines(events.getSnapshot())).toEqual(log)
  expect(client.errors).toEqual([])
})

test('reaches as far back as the messages, and holds everything once they are all loaded', async () => {
  await using parley = await startParley()
  const [alice, bob] = await Promise.all([parley.person('alice'), parley.person('bob')])
  const chatId = await alice.createGroup([bob], { title: '0' })
  for (let n = 1; n <= 30; n += 1) {
    await alice.send(chatId, String(n))
    if (n % 5 === 0) await alice.updateChat(chatId, { title: String(n) })
  }
  await using client = await startClient({ url: parley.url, token: bob.token, pageSize: 10 })
  const chat = open(client, chatId)
  const events = groupEvents(client, chatId)
  const dispose = events.subscribe(() => undefined)
  const log = await logOf(bob, chatId)
  await expect.poll(() => lines(events.getSnapshot())).toEqual(log.slice(-2))
  // Without listeners nothing is loaded. With one, what was missed is.
  dispose()
  await alice.updateChat(chatId, { title: 'missed' })
  await expect.poll(() => chat.getSnapshot().title).toBe('missed')
  expect(events.getSnapshot()).toHaveLength(2)
  events.subscribe(() => undefined)
  await expect.poll(() => events.getSnapshot().length).toBe(3)
  while (await chat.loadOlder());
  await expect.poll(() => lines(events.getSnapshot())).toEqual([...log, '38 chat-updated'])
  const direct = groupEvents(client, await bob.startChat(alice))
  direct.subscribe(() => undefined)
  expect(direct.getSnapshot()).toEqual([])
})
