import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createDatabaseClock } from '../../../src/store/failover/database-clock.ts'

/** A clock, and the monotonic clock of its gateway. */
function createWorld() {
  const world = { elapsedMs: 1_000 }
  const clock = createDatabaseClock(() => world.elapsedMs, { now: () => 7 })
  return { world, clock }
}

test('before the first sample, the clock of the machine is used', () => {
  expect(createWorld().clock.now()).toBe(7)
})

test('a sample counts for the middle of its round trip, and time goes on from there', () => {
  const { world, clock } = createWorld()
  clock.observe({ nowMs: 50_000, askedAt: 900, answeredAt: 1_000 })
  expect(clock.now()).toBe(50_050)
  world.elapsedMs += 25
  expect(clock.now()).toBe(50_075)
})

test('a slower sample that agrees is ignored, and a faster one is used', () => {
  const { clock } = createWorld()
  clock.observe({ nowMs: 50_000, askedAt: 990, answeredAt: 1_000 })
  clock.observe({ nowMs: 49_980, askedAt: 900, answeredAt: 1_000 })
  expect(clock.now()).toBe(50_005)
  clock.observe({ nowMs: 50_001, askedAt: 998, answeredAt: 1_000 })
  expect(clock.now()).toBe(50_002)
})

test('a sample that contradicts the estimate is used: the clock was set, or the primary is another server', () => {
  const { clock } = createWorld()
  clock.observe({ nowMs: 50_000, askedAt: 990, answeredAt: 1_000 })
  clock.observe({ nowMs: 80_000, askedAt: 900, answeredAt: 1_000 })
  expect(clock.now()).toBe(80_050)
})

test('a slower sample is used once the drift since the last one may be greater', () => {
  const { world, clock } = createWorld()
  clock.observe({ nowMs: 50_000, askedAt: 998, answeredAt: 1_000 })
  world.elapsedMs += 100_000
  clock.observe({ nowMs: 150_000, askedAt: 100_960, answeredAt: 101_000 })
  expect(clock.now()).toBe(150_020)
})

test('whatever the round trips, it is wrong by no more than half of the worst one', () => {
  const trip = fc.record({ there: fc.integer({ min: 0, max: 400 }), back: fc.integer({ min: 0, max: 400 }) })
  fc.assert(
    fc.property(fc.array(trip, { minLength: 1, maxLength: 30 }), (trips) => {
      const { world, clock } = createWorld()
      const rightNow = (): number => world.elapsedMs + 1_000_000
      for (const { there, back } of trips) {
        const askedAt = world.elapsedMs
        world.elapsedMs += there
        const nowMs = rightNow()
        world.elapsedMs += back
        clock.observe({ nowMs, askedAt, answeredAt: world.elapsedMs })
        const bound = Math.min(...trips.map((one) => one.there + one.back)) / 2
        const worst = Math.max(...trips.map((one) => one.there + one.back)) / 2
        expect(Math.abs(clock.now() - rightNow())).toBeLessThanOrEqual(Math.max(bound, worst) + 1)
        world.elapsedMs += 1_000
      }
    }),
  )
})
