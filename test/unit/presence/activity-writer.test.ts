import { expect, test, vi } from 'vitest'
import type { UserId } from '../../../src/ids.ts'
import type { Activity, PresenceStore } from '../../../src/presence/store/presence-store.ts'
import { createActivityWriter } from '../../../src/presence/activity-writer.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import { createLogger } from '../../../src/telemetry/logger.ts'
import { alice, bob, carol } from '../../harness/fixtures/chat-events.ts'

/** An activity writer with a fake store, whose clock and availability the test controls. */
function world() {
  const time = { elapsedMs: 0, storeMs: 1_000_000, isDown: false }
  const written: (readonly Activity[])[] = []
  const store: Pick<PresenceStore, 'recordActivity'> = {
    async recordActivity(activities) {
      if (time.isDown) throw new Error('The store is down')
      written.push(activities)
      const lastSeen = activities.map(({ userId, agoMs, lastSeenAt }) => ({
        userId,
        lastSeenAt: lastSeenAt ?? new Date(time.storeMs - agoMs),
      }))
      return { cameOnline: [], lastSeen }
    },
  }
  const writer = createActivityWriter({
    store,
    publishEdges: async () => undefined,
    windowMs: 20_000,
    elapsedMs: () => time.elapsedMs,
    metrics: createMetrics(),
    // One test makes 120,000 writes fail. Formatting a log line for each would take most of its time.
    logger: createLogger({ level: 'silent', pretty: false }),
  })
  return { writer, time, written }
}

test('a replay carries the age of an activity and the time that the store gave it first', async () => {
  const { writer, time, written } = world()
  await writer.record(alice)
  time.elapsedMs += 5_000
  time.storeMs += 4_998
  await writer.replay()
  expect(written).toEqual([
    [{ userId: alice, agoMs: 0, lastSeenAt: undefined }],
    [{ userId: alice, agoMs: 5_000, lastSeenAt: new Date(1_000_000) }],
  ])
})

test('a replay covers all users, even more than fit the batcher at once', async () => {
  using _ = { [Symbol.dispose]: () => void vi.useRealTimers(), ...vi.useFakeTimers() }
  const { writer, time, written } = world()
  const ids = Array.from({ length: 120_000 }, (_none, index) => `user-${index}` as UserId)
  time.isDown = true
  for (const userId of ids) void writer.record(userId)
  await vi.advanceTimersByTimeAsync(10_000)
  expect(writer.needsReplay()).toBe(true)
  time.isDown = false
  void writer.replay()
  await vi.advanceTimersByTimeAsync(10_000)
  expect(writer.needsReplay()).toBe(false)
  expect(new Set(written.flat().map(({ userId }) => userId)).size).toBe(120_000)
})

test('a new activity of the same user gets a new time', async () => {
  const { writer, time, written } = world()
  await writer.record(alice)
  time.elapsedMs += 5_000
  await writer.record(alice)
  expect(written[1]).toEqual([{ userId: alice, agoMs: 0, lastSeenAt: undefined }])
})

test('a replay covers users whose window has just ended, and no users who are saved already', async () => {
  const { writer, time, written } = world()
  await writer.record(alice)
  time.elapsedMs += 4_000
  await writer.record(bob)
  time.elapsedMs += 21_000
  await writer.replay()
  expect(written.at(-1)).toMatchObject([{ userId: bob, agoMs: 21_000 }])
})

test('while writes fail no activity is dropped, however long that takes', async () => {
  const { writer, time, written } = world()
  await writer.record(alice)
  time.elapsedMs += 10_000
  time.isDown = true
  await writer.record(bob)
  time.elapsedMs += 60_000
  await writer.record(carol)
  time.isDown = false
  await writer.replay()
  expect(written.slice(1).flat()).toMatchObject([
    { userId: alice, agoMs: 70_000 },
    { userId: bob, agoMs: 60_000 },
    { userId: carol, agoMs: 0 },
  ])
  time.elapsedMs += 26_000
  await writer.replay()
  expect(written).toHaveLength(2)
})

test('activities of users who stay online anyway gather, and one write has the newest of each', async () => {
  using _ = { [Symbol.dispose]: () => void vi.useRealTimers(), ...vi.useFakeTimers() }
  const { writer, time, written } = world()
  await Promise.all([writer.record(alice), writer.record(bob)])
  for (let times = 0; times < 5; times++) {
    time.elapsedMs += 100
    writer.note(alice)
    writer.note(bob)
  }
  expect(written).toHaveLength(1)
  time.elapsedMs += 500
  await vi.advanceTimersByTimeAsync(1_000)
  expect(written.slice(1)).toEqual([
    [
      { userId: alice, agoMs: 500, lastSeenAt: undefined },
      { userId: bob, agoMs: 500, lastSeenAt: undefined },
    ],
  ])
})

test('an activity is written at once if the last one that the store has is half a window old', async () => {
  using _ = { [Symbol.dispose]: () => void vi.useRealTimers(), ...vi.useFakeTimers() }
  const { writer, time, written } = world()
  await writer.record(alice)
  time.elapsedMs += 6_000
  writer.note(alice)
  await vi.advanceTimersByTimeAsync(1_000)
  time.elapsedMs += 9_999
  writer.note(alice)
  expect(written).toHaveLength(2)
  time.elapsedMs += 1
  writer.note(alice)
  await vi.advanceTimersByTimeAsync(20)
  expect(written).toHaveLength(3)
})

test('no activity waits once a write has failed', async () => {
  using _ = { [Symbol.dispose]: () => void vi.useRealTimers(), ...vi.useFakeTimers() }
  const { writer, time, written } = world()
  await writer.record(alice)
  time.isDown = true
  writer.note(alice)
  await vi.advanceTimersByTimeAsync(1_000)
  expect(writer.needsReplay()).toBe(true)
  time.isDown = false
  writer.note(alice)
  await vi.advanceTimersByTimeAsync(20)
  expect(written).toHaveLength(2)
})

test('draining writes what gathers', async () => {
  const { writer, time, written } = world()
  await writer.record(alice)
  time.elapsedMs += 100
  writer.note(alice)
  await writer.drained()
  expect(written[1]).toEqual([{ userId: alice, agoMs: 0, lastSeenAt: undefined }])
})
