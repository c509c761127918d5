import { expect, test, vi } from 'vitest'
import type { MembershipHead } from '../../../src/gateway/membership-store.ts'
import { createResync } from '../../../src/gateway/resync.ts'
import type { UserId } from '../../../src/ids.ts'
import { createMetrics } from '../../../src/telemetry/metrics.ts'
import { captureLog } from '../../harness/fixtures/captured-log.ts'
import { EventQueue } from '../../harness/fixtures/event-queue.ts'

const people = (count: number): UserId[] =>
  Array.from({ length: count }, (_, index) => `user ${index}` as UserId)

/** A sweeper over so many people, and the slices of them that it looks at. */
function sweeperOver(count: number, failing: { times: number } = { times: 0 }) {
  const looks = new EventQueue<readonly UserId[]>()
  const receipts = new EventQueue<readonly UserId[]>()
  const { logger } = captureLog()
  const sweeper = createResync({
    hub: { userIds: () => people(count), reconcile: () => undefined, deliverSignals: () => undefined },
    store: {
      async heads(userIds): Promise<readonly MembershipHead[]> {
        if (failing.times-- > 0) throw new Error('no database')
        looks.push(userIds)
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
  })
  return { sweeper, looks, receipts }
}

const lookedAt = (looks: EventQueue<readonly UserId[]>): number => looks.all.flat().length

test('when nothing is wrong one slice of 500 people is looked at each second, whatever their number', async () => {
  vi.useFakeTimers()
  const { sweeper, looks, receipts } = sweeperOver(1_200)
  sweeper.start()
  await vi.advanceTimersByTimeAsync(3_500)
  expect(looks.all.map((slice) => slice.length)).toEqual([500, 500, 200])
  expect(receipts.all).toEqual([])
  await sweeper.stop()
  vi.useRealTimers()
})

test('after a fault everybody is looked at within a fraction of a second per thousand, and then it calms down', async () => {
  vi.useFakeTimers()
  const { sweeper, looks, receipts } = sweeperOver(1_200)
  sweeper.start()
  await vi.advanceTimersByTimeAsync(10)
  sweeper.request('gap')
  await vi.advanceTimersByTimeAsync(400)
  expect(new Set(looks.all.flat()).size).toBe(1_200)
  expect(new Set(receipts.all.flat()).size).toBe(1_200)
  const after = lookedAt(looks)
  await vi.advanceTimersByTimeAsync(500)
  expect(lookedAt(looks)).toBe(after)
  await sweeper.stop()
  vi.useRealTimers()
})

test('a fault in the middle of a round starts it over', async () => {
  vi.useFakeTimers()
  const { sweeper, looks } = sweeperOver(1_200)
  sweeper.start()
  sweeper.request('gap')
  await vi.advanceTimersByTimeAsync(150)
  sweeper.request('broadcast')
  await vi.advanceTimersByTimeAsync(400)
  expect(looks.all.slice(-3).flat()).toEqual(people(1_200))
  await sweeper.stop()
  vi.useRealTimers()
})

test('while deaf it goes round and round, and a failure only delays it', async () => {
  vi.useFakeTimers()
  const { sweeper, looks } = sweeperOver(10, { times: 2 })
  sweeper.start()
  sweeper.setBusDown(true)
  await vi.advanceTimersByTimeAsync(1_050)
  expect(looks.all.length).toBeGreaterThanOrEqual(7)
  sweeper.setBusDown(false)
  await sweeper.stop()
  vi.useRealTimers()
})
