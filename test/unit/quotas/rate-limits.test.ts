import fc from 'fast-check'
import { expect, test } from 'vitest'
import { QUOTAS } from '../../../src/quotas/quotas.ts'
import { createRateLimits } from '../../../src/quotas/rate-limits.ts'
import type { UserId } from '../../../src/ids.ts'
import { createTokenBucket } from '../../../src/quotas/token-bucket.ts'
import { alice, bob } from '../../harness/fixtures/chat-events.ts'

/** Limits on a clock that the test moves. */
function limitsAt(start = 1_000, factor = 1) {
  const time = { now: start }
  return { time, limits: createRateLimits({ now: () => time.now, factor }) }
}

const spendAll = (limits: ReturnType<typeof createRateLimits>, costClass: keyof typeof QUOTAS = 'send') => {
  let count = 0
  while (limits.take(alice, costClass) === 0) count += 1
  return count
}

test('a burst is admitted, and then the returned wait is exact', () => {
  const { time, limits } = limitsAt()
  expect(spendAll(limits)).toBe(QUOTAS.send.burst)
  const wait = limits.take(alice, 'send')
  expect(wait).toBe(1_000 / QUOTAS.send.perSecond)
  time.now += wait - 1
  expect(limits.take(alice, 'send')).toBeGreaterThan(0)
  time.now += 1
  expect(limits.take(alice, 'send')).toBe(0)
})

test('each user and each class of operations has a quota of its own', () => {
  const { limits } = limitsAt()
  spendAll(limits)
  expect([limits.take(bob, 'send'), limits.take(alice, 'query')]).toEqual([0, 0])
})

test('a later charge leaves a debt, and is shared with other gateways', () => {
  const { time, limits } = limitsAt()
  limits.charge(alice, 'query', QUOTAS.query.burst + 2 * QUOTAS.query.perSecond)
  expect(limits.take(alice, 'query')).toBe(2_000 + 1_000 / QUOTAS.query.perSecond)
  expect(limits.collectSpending()).toEqual([
    { userId: alice, costClass: 'query', spent: QUOTAS.query.burst + 2 * QUOTAS.query.perSecond },
  ])
  time.now += 2_010
  expect(limits.take(alice, 'query')).toBe(0)
})

test('in any period at most one burst and the rate are admitted, and a rejection costs nothing', () => {
  const steps = fc.array(fc.record({ afterMs: fc.nat(500), cost: fc.integer({ min: 1, max: 12 }) }), {
    maxLength: 200,
  })
  fc.assert(
    fc.property(steps, (moves) => {
      const bucket = createTokenBucket({ burst: 20, perSecond: 10 }, 0)
      let [now, taken] = [0, 0]
      for (const { afterMs, cost } of moves) {
        now += afterMs
        const wait = bucket.take(cost, now)
        if (wait === 0) taken += cost
        expect(taken).toBeLessThanOrEqual(20 + now / 100 + 1e-6)
        if (wait === 0) continue
        now += wait
        expect(bucket.take(cost, now)).toBe(0)
        taken += cost
      }
    }),
  )
})

test('a cost above the burst waits for a full bucket, and leaves a negative balance', () => {
  const bucket = createTokenBucket({ burst: 10, perSecond: 10 }, 0)
  expect(bucket.take(1, 0)).toBe(0)
  expect(bucket.take(30, 0)).toBe(100)
  expect(bucket.take(30, 100)).toBe(0)
  expect(bucket.take(1, 100)).toBe(2_100)
})

test('a clock that stands still or jumps back refills nothing', () => {
  const { time, limits } = limitsAt()
  spendAll(limits)
  time.now -= 500
  expect(limits.take(alice, 'send')).toBeGreaterThan(0)
})

test('spending at human pace is never shared, and heavy spending is shared once', () => {
  const { time, limits } = limitsAt()
  for (let minute = 0; minute < 60; minute += 1) {
    for (let sends = 0; sends < 40; sends += 1) limits.take(alice, 'send')
    time.now += 60_000
  }
  expect(limits.collectSpending()).toEqual([])
  for (let sends = 0; sends < 200; sends += 1) limits.take(bob, 'send')
  expect(limits.collectSpending()).toEqual([{ userId: bob, costClass: 'send', spent: 200 }])
  expect(limits.collectSpending()).toEqual([])
})

test('spending on other gateways lowers what is left here', () => {
  const { limits } = limitsAt()
  limits.take(alice, 'send')
  limits.lower(alice, 'send', 3)
  expect(spendAll(limits)).toBe(3)
  limits.lower(alice, 'send', 400)
  expect(limits.take(alice, 'send')).toBeGreaterThan(0)
})

test('an operator can raise all quotas, or remove them', () => {
  expect(spendAll(limitsAt(0, 3).limits)).toBe(3 * QUOTAS.send.burst)
  const { limits } = limitsAt(0, Infinity)
  for (let sends = 0; sends < 10_000; sends += 1) expect(limits.take(alice, 'send')).toBe(0)
})

test('a user who never stops keeps their bucket and gets no second burst, however many other users there are', () => {
  const { limits } = limitsAt()
  spendAll(limits)
  for (let other = 0; other < 120_000; other += 1) {
    limits.take(`user${other}` as UserId, 'presence')
    if (other % 1_000 === 0) expect(limits.take(alice, 'send')).toBeGreaterThan(0)
  }
})
