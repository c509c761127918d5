import { expect, test } from 'vitest'
import type { UserId } from '../../../src/ids.ts'
import { PresenceStream } from '../../../src/presence/presence-stream.ts'
import type { PresenceState } from '../../../src/events/presence-state.ts'
import { alice, bob, carol, range } from '../../harness/fixtures/chat-events.ts'

const at = (second: number): Date => new Date(Date.UTC(2026, 10, 23, 12, 0, second))
const stateOf = (userId: UserId, online: boolean | null, asOf: number, second = 0): PresenceState => {
  return { userId, online, lastSeenAt: at(second), asOf }
}

function open(onClose: () => void = () => undefined): PresenceStream {
  return new PresenceStream({ viewerId: bob, userIds: [alice], onClose })
}

test('a state that is late or repeated is not shown', async () => {
  await using stream = open()
  stream.show(stateOf(alice, true, 2, 2))
  expect((await stream.next()).value).toEqual({ userId: alice, online: true, lastSeenAt: at(2) })
  stream.show(stateOf(alice, false, 1, 1))
  stream.show(stateOf(carol, true, 1, 1))
  expect((await stream.next()).value).toMatchObject({ userId: carol })
  stream.show(stateOf(alice, true, 3, 3))
  stream.show(stateOf(carol, false, 2, 2))
  expect((await stream.next()).value).toMatchObject({ userId: carol })
  stream.show(stateOf(alice, false, 4, 4))
  expect((await stream.next()).value).toEqual({ userId: alice, online: false, lastSeenAt: at(4) })
  stream.show(stateOf(alice, true, 5, 5))
  expect((await stream.next()).value).toMatchObject({ online: true })
})

test('a slow reader gets the newest presence of each user, and nothing else is queued', async () => {
  await using stream = open()
  const users = range(1, 5).map((number) => `user ${number}` as UserId)
  for (const asOf of range(1, 99)) for (const user of users) stream.show(stateOf(user, asOf % 2 === 1, asOf))
  const shown = await Promise.all(users.map(() => stream.next()))
  expect(shown.map(({ value }) => value?.userId)).toEqual(users)
  expect(shown.every(({ value }) => value?.online === true)).toBe(true)
  stream.show(stateOf(alice, false, 1))
  expect((await stream.next()).value).toMatchObject({ userId: alice })
})

test('two waiting calls of next get two states, in order', async () => {
  await using stream = open()
  const [first, second] = [stream.next(), stream.next()]
  stream.show(stateOf(alice, true, 1))
  expect((await first).value).toMatchObject({ online: true })
  stream.show(stateOf(alice, false, 2))
  expect((await second).value).toMatchObject({ online: false })
})

test('a grace period is shown once, and not if it is older than what was shown', async () => {
  await using stream = open()
  stream.show(stateOf(alice, true, 2, 1))
  await stream.next()
  const inGracePeriod = { ...stateOf(alice, null, 3, 2), isInGracePeriod: true }
  expect(stream.isChange({ ...inGracePeriod, asOf: 1 })).toBe(false)
  stream.show(inGracePeriod)
  expect((await stream.next()).value).toEqual({ userId: alice, online: null, lastSeenAt: at(2) })
  expect(stream.isChange({ ...inGracePeriod, asOf: 4 })).toBe(false)
  expect(stream.isChange(stateOf(alice, false, 4))).toBe(true)
})

test('unknown is shown as the first state and when concealed, and not because the store is unsure', async () => {
  await using stream = open()
  stream.show({ ...stateOf(alice, null, -Infinity), lastSeenAt: null })
  expect((await stream.next()).value).toEqual({ userId: alice, online: null, lastSeenAt: null })
  stream.show(stateOf(alice, true, 1, 1))
  await stream.next()
  stream.show(stateOf(alice, null, 2, 2))
  stream.conceal(alice)
  expect((await stream.next()).value).toEqual({ userId: alice, online: null, lastSeenAt: at(1) })
  stream.show(stateOf(alice, true, 3, 3))
  expect((await stream.next()).value).toMatchObject({ online: true })
})

test('lastSeenAt does not go back, even if the store lost its data', async () => {
  await using stream = open()
  stream.show(stateOf(alice, true, 100, 30))
  await stream.next()
  stream.resetOrder()
  stream.show(stateOf(alice, false, 1, 10))
  expect((await stream.next()).value).toEqual({ userId: alice, online: false, lastSeenAt: at(30) })
})

test('a stream without changes closes at once, calls onClose once, and shows nothing more', async () => {
  let closed = 0
  const stream = open(() => (closed += 1))
  const next = stream.next()
  await stream.return()
  await stream.return()
  stream.show(stateOf(alice, true, 1))
  expect(await next).toEqual({ done: true, value: undefined })
  expect(await stream.next()).toEqual({ done: true, value: undefined })
  expect(closed).toBe(1)
})
