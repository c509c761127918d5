import { expect, test } from 'vitest'
import type { UserId } from '../../../src/ids.ts'
import { PresenceStream } from '../../../src/presence/presence-stream.ts'
import type { PresenceState } from '../../../src/events/presence-state.ts'
import { alice, bob, carol, range } from '../../harness/fixtures/chat-events.ts'

const at = (second: number): Date => new Date(Date.UTC(2026, 10, 23, 12, 0, second))
const sighting = (userId: UserId, online: boolean | null, asOf: number, second = 0): PresenceState => {
  return { userId, online, lastSeenAt: at(second), asOf }
}

function open(onRelease: () => void = () => undefined): PresenceStream {
  return new PresenceStream({ viewerId: bob, userIds: [alice], release: onRelease })
}

test('what comes late, or again, is not told', async () => {
  await using stream = open()
  stream.push(sighting(alice, true, 2, 2))
  expect((await stream.next()).value).toEqual({ userId: alice, online: true, lastSeenAt: at(2) })
  stream.push(sighting(alice, false, 1, 1))
  stream.push(sighting(carol, true, 1, 1))
  expect((await stream.next()).value).toMatchObject({ userId: carol })
  stream.push(sighting(alice, true, 3, 3))
  stream.push(sighting(carol, false, 2, 2))
  expect((await stream.next()).value).toMatchObject({ userId: carol })
  stream.push(sighting(alice, false, 4, 4))
  expect((await stream.next()).value).toEqual({ userId: alice, online: false, lastSeenAt: at(4) })
  stream.push(sighting(alice, true, 5, 5))
  expect((await stream.next()).value).toMatchObject({ online: true })
})

test('a reader who is slow is told the newest of each person, and nothing else waits for them', async () => {
  await using stream = open()
  const people = range(1, 5).map((number) => `somebody ${number}` as UserId)
  for (const asOf of range(1, 99)) for (const one of people) stream.push(sighting(one, asOf % 2 === 1, asOf))
  const told = await Promise.all(people.map(() => stream.next()))
  expect(told.map(({ value }) => value?.userId)).toEqual(people)
  expect(told.every(({ value }) => value?.online === true)).toBe(true)
  stream.push(sighting(alice, false, 1))
  expect((await stream.next()).value).toMatchObject({ userId: alice })
})

test('whoever asks twice at once is told both, in order', async () => {
  await using stream = open()
  const [first, second] = [stream.next(), stream.next()]
  stream.push(sighting(alice, true, 1))
  expect((await first).value).toMatchObject({ online: true })
  stream.push(sighting(alice, false, 2))
  expect((await second).value).toMatchObject({ online: false })
})

test('that somebody is excused is news, once, and not after something newer', async () => {
  await using stream = open()
  stream.push(sighting(alice, true, 2, 1))
  await stream.next()
  const excused = { ...sighting(alice, null, 3, 2), isExcused: true }
  expect(stream.isChange({ ...excused, asOf: 1 })).toBe(false)
  stream.push(excused)
  expect((await stream.next()).value).toEqual({ userId: alice, online: null, lastSeenAt: at(2) })
  expect(stream.isChange({ ...excused, asOf: 4 })).toBe(false)
  expect(stream.isChange(sighting(alice, false, 4))).toBe(true)
})

test('not to know is told at the start, and when it is said so, but is no news of a single person', async () => {
  await using stream = open()
  stream.push({ ...sighting(alice, null, -Infinity), lastSeenAt: null })
  expect((await stream.next()).value).toEqual({ userId: alice, online: null, lastSeenAt: null })
  stream.push(sighting(alice, true, 1, 1))
  await stream.next()
  stream.push(sighting(alice, null, 2, 2))
  stream.markUnknown(alice)
  expect((await stream.next()).value).toEqual({ userId: alice, online: null, lastSeenAt: at(1) })
  stream.push(sighting(alice, true, 3, 3))
  expect((await stream.next()).value).toMatchObject({ online: true })
})

test('when somebody was last seen does not go back, even where the store begins anew', async () => {
  await using stream = open()
  stream.push(sighting(alice, true, 100, 30))
  await stream.next()
  stream.resetOrder()
  stream.push(sighting(alice, false, 1, 10))
  expect((await stream.next()).value).toEqual({ userId: alice, online: false, lastSeenAt: at(30) })
})

test('a stream that is quiet ends at once, releases what it holds once, and is told nothing more', async () => {
  let released = 0
  const stream = open(() => (released += 1))
  const next = stream.next()
  await stream.return()
  await stream.return()
  stream.push(sighting(alice, true, 1))
  expect(await next).toEqual({ done: true, value: undefined })
  expect(await stream.next()).toEqual({ done: true, value: undefined })
  expect(released).toBe(1)
})
