import { expect, test, vi } from 'vitest'
import type { UserId } from '../../../src/ids.ts'
import type { Activity, PresenceStore } from '../../../src/presence/store/presence-store.ts'
import { createActivityWriter } from '../../../src/presence/activity-writer.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import { captureLog } from '../../harness/fixtures/captured-log.ts'
import { alice, bob, carol } from '../../harness/fixtures/chat-events.ts'

/** Touches on their way to a store that calls its moments by numbers of ours. */
function world() {
  const time = { elapsedMs: 0, shownMs: 1_000_000, isAway: false }
  const asked: (readonly Activity[])[] = []
  const store: Pick<PresenceStore, 'recordActivity'> = {
    async recordActivity(activities) {
      if (time.isAway) throw new Error('The store is away')
      asked.push(activities)
      const seen = activities.map(({ userId, agoMs, lastSeenAt }) => ({
        userId,
        lastSeenAt: lastSeenAt ?? new Date(time.shownMs - agoMs),
      }))
      return { cameOnline: [], lastSeen: seen }
    },
  }
  const touches = createActivityWriter({
    store,
    publishEdges: async () => undefined,
    windowMs: 20_000,
    elapsedMs: () => time.elapsedMs,
    metrics: createMetrics(),
    logger: captureLog().logger,
  })
  return { touches, time, asked }
}

test('what is told again is told with how long ago it was, and by the moment that it was shown as', async () => {
  const { touches, time, asked } = world()
  await touches.record(alice)
  time.elapsedMs += 5_000
  time.shownMs += 4_998
  await touches.replay()
  expect(asked).toEqual([
    [{ userId: alice, agoMs: 0, lastSeenAt: undefined }],
    [{ userId: alice, agoMs: 5_000, lastSeenAt: new Date(1_000_000) }],
  ])
})

test('however many they are, all of them are told of again', async () => {
  using _ = { [Symbol.dispose]: () => void vi.useRealTimers(), ...vi.useFakeTimers() }
  const { touches, time, asked } = world()
  const ids = Array.from({ length: 120_000 }, (_none, index) => `user-${index}` as UserId)
  time.isAway = true
  for (const userId of ids) void touches.record(userId)
  await vi.advanceTimersByTimeAsync(10_000)
  expect(touches.needsReplay()).toBe(true)
  time.isAway = false
  void touches.replay()
  await vi.advanceTimersByTimeAsync(10_000)
  expect(touches.needsReplay()).toBe(false)
  expect(new Set(asked.flat().map(({ userId }) => userId)).size).toBe(120_000)
})

test('who did something since has a new moment', async () => {
  const { touches, time, asked } = world()
  await touches.record(alice)
  time.elapsedMs += 5_000
  await touches.record(alice)
  expect(asked[1]).toEqual([{ userId: alice, agoMs: 0, lastSeenAt: undefined }])
})

test('who has just gone is told again, because that may not be saved yet; who is gone for longer is not', async () => {
  const { touches, time, asked } = world()
  await touches.record(alice)
  time.elapsedMs += 4_000
  await touches.record(bob)
  time.elapsedMs += 21_000
  await touches.replay()
  expect(asked.at(-1)).toMatchObject([{ userId: bob, agoMs: 21_000 }])
})

test('while the store can not be told nothing is saved, and so nobody is forgotten, however long that takes', async () => {
  const { touches, time, asked } = world()
  await touches.record(alice)
  time.elapsedMs += 10_000
  time.isAway = true
  await touches.record(bob)
  time.elapsedMs += 60_000
  await touches.record(carol)
  time.isAway = false
  await touches.replay()
  expect(asked.slice(1).flat()).toMatchObject([
    { userId: alice, agoMs: 70_000 },
    { userId: bob, agoMs: 60_000 },
    { userId: carol, agoMs: 0 },
  ])
  time.elapsedMs += 26_000
  await touches.replay()
  expect(asked).toHaveLength(2)
})
