import { expect, test, vi } from 'vitest'
import type { MembershipHead } from '../../../src/gateway/membership-store.ts'
import { createResync } from '../../../src/gateway/resync.ts'
import type { UserId } from '../../../src/ids.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import { captureLog } from '../../harness/fixtures/captured-log.ts'
import { EventQueue } from '../../harness/fixtures/event-queue.ts'

const users = (count: number): UserId[] =>
  Array.from({ length: count }, (_, index) => `user ${index}` as UserId)

/** A resync of `count` users, and the slices that it reads. */
function resyncOf(count: number, failing: { times: number } = { times: 0 }) {
  const slices = new EventQueue<readonly UserId[]>()
  const receipts = new EventQueue<readonly UserId[]>()
  const requested = new EventQueue<number>()
  const { logger } = captureLog()
  const resync = createResync({
    hub: { userIds: () => users(count), reconcile: () => undefined, deliverSignals: () => undefined },
    store: {
      async heads(userIds): Promise<readonly MembershipHead[]> {
        if (failing.times-- > 0) throw new Error('no database')
        slices.push(userIds)
        return []
      },
      async receipts(userIds) {
        receipts.push(userIds)
        return []
      },
    },
    metrics: createMetrics(),
    clock: { now: () => Date.now() },
    logger,
    onRequested: (userIds) => requested.push([...userIds].length),
  })
  return { resync, slices, receipts, requested }
}

const resyncedUsers = (slices: EventQueue<readonly UserId[]>): number => slices.all.flat().length

test('without a fault, resyncs one slice of 500 users each second', async () => {
  vi.useFakeTimers()
  const { resync, slices, receipts } = resyncOf(1_200)
  resync.start()
  await vi.advanceTimersByTimeAsync(3_500)
  expect(slices.all.map((slice) => slice.length)).toEqual([500, 500, 200])
  expect(receipts.all).toEqual([])
  await resync.stop()
  vi.useRealTimers()
})

test('after a fault, resyncs all users at the fast pace, then slows down', async () => {
  vi.useFakeTimers()
  const { resync, slices, receipts } = resyncOf(1_200)
  resync.start()
  await vi.advanceTimersByTimeAsync(10)
  resync.request('gap')
  await vi.advanceTimersByTimeAsync(400)
  expect(new Set(slices.all.flat()).size).toBe(1_200)
  expect(new Set(receipts.all.flat()).size).toBe(1_200)
  const after = resyncedUsers(slices)
  await vi.advanceTimersByTimeAsync(500)
  expect(resyncedUsers(slices)).toBe(after)
  await resync.stop()
  vi.useRealTimers()
})

test('a fault in the middle of a round prolongs it: all users are visited after the fault', async () => {
  vi.useFakeTimers()
  const { resync, slices } = resyncOf(1_200)
  resync.start()
  resync.request('gap')
  await vi.advanceTimersByTimeAsync(150)
  resync.request('broadcast')
  await vi.advanceTimersByTimeAsync(400)
  expect(slices.all.slice(-3).flat().toSorted()).toEqual(users(1_200).toSorted())
  await resync.stop()
  vi.useRealTimers()
})

test('visits all users even if requests follow each other faster than a round, and again those of a failed slice', async () => {
  vi.useFakeTimers()
  const { resync, slices } = resyncOf(3_000, { times: 1 })
  resync.start()
  for (let request = 0; request < 12; request += 1) {
    resync.request('gap')
    await vi.advanceTimersByTimeAsync(150)
  }
  expect(new Set(slices.all.flat()).size).toBe(3_000)
  await resync.stop()
  vi.useRealTimers()
})

test('while the bus is down, repeats rounds, and continues after a failure', async () => {
  vi.useFakeTimers()
  const { resync, slices } = resyncOf(10, { times: 2 })
  resync.start()
  resync.setBusDown(true)
  await vi.advanceTimersByTimeAsync(1_050)
  expect(slices.all.length).toBeGreaterThanOrEqual(7)
  resync.setBusDown(false)
  await resync.stop()
  vi.useRealTimers()
})

test('reports each request with the users of this gateway, at once', () => {
  const { resync, requested } = resyncOf(3)
  resync.request('gap')
  resync.request('broadcast')
  expect(requested.all).toEqual([3, 3])
})
