import { expect, test } from 'vitest'
import { SET_TYPING } from '../../harness/people/documents.ts'
import { startParley } from '../../harness/servers/parley.ts'
import type { Stream } from '../../harness/people/person.ts'

async function cast() {
  const parley = await startParley()
  const [alice, bob, carol] = await Promise.all([
    parley.person('alice'),
    parley.person('bob'),
    parley.person('carol'),
  ])
  const group = await alice.createGroup([bob])
  return { parley, alice, bob, carol, group, [Symbol.asyncDispose]: () => parley[Symbol.asyncDispose]() }
}

function typingAt({ items }: Stream): boolean[] {
  return items.all
    .filter(({ __typename }) => __typename === 'TypingChanged')
    .map(({ typing }) => typing === true)
}

test('sends the start and the end of typing once each, and not to the typing user', async () => {
  await using stage = await cast()
  const { alice, bob, group } = stage
  using atAlice = alice.inbox('phone')
  using atBob = bob.inbox('phone')
  await Promise.all([atAlice.caughtUp(), atBob.caughtUp()])

  await alice.setTyping(group, true)
  await alice.setTyping(group, true)
  expect(await atBob.next('TypingChanged')).toMatchObject({ user: { id: alice.id }, typing: true })
  await alice.setTyping(group, false)
  expect(await atBob.next('TypingChanged')).toMatchObject({ user: { id: alice.id }, typing: false })
  await bob.send(group, 'done?')
  await Promise.all([atAlice.reaches(group, 2), atBob.reaches(group, 2)])
  expect(typingAt(atBob)).toEqual([true, false])
  expect(typingAt(atAlice)).toEqual([])
})

test('ends typing with a message, or after five seconds without activity', async () => {
  await using stage = await cast()
  const { alice, bob, group } = stage
  using atBob = bob.inbox('phone')
  await atBob.caughtUp()

  await alice.setTyping(group, true)
  await alice.send(group, 'written')
  await atBob.next('MessageSent')
  expect(await atBob.next('TypingChanged')).toMatchObject({ typing: false })

  await alice.setTyping(group, true)
  const startedAt = performance.now()
  await atBob.items.until(
    (all) => all.filter(({ __typename }) => __typename === 'TypingChanged').length === 4,
    8_000,
  )
  expect(performance.now() - startedAt).toBeGreaterThan(4_500)
  expect(typingAt(atBob)).toEqual([true, false, true, false])
})

test('does not store typing: later subscribers get nothing, and the log is unchanged', async () => {
  await using stage = await cast()
  const { alice, bob, group } = stage
  await alice.setTyping(group, true)
  using atBob = bob.inbox('phone')
  await atBob.caughtUp()
  await alice.send(group, 'hello')
  await atBob.reaches(group, 2)
  expect(typingAt(atBob)).toEqual([])
})

test('rejects typing with NOT_FOUND for other users and FORBIDDEN for former members', async () => {
  await using stage = await cast()
  const { alice, bob, carol, group } = stage
  const typing = { input: { chatId: group, typing: true } }
  using atAlice = alice.inbox('phone')
  await atAlice.caughtUp()
  expect((await carol.post(SET_TYPING, typing)).errors?.[0]?.extensions.code).toBe('NOT_FOUND')
  await bob.setTyping(group, true)
  await bob.leave(group)
  expect((await bob.post(SET_TYPING, typing)).errors?.[0]?.extensions.code).toBe('FORBIDDEN')
  await atAlice.reaches(group, 2)
  await alice.send(group, 'bye')
  await atAlice.reaches(group, 3)
  expect(typingAt(atAlice)).toEqual([true, false])
})
