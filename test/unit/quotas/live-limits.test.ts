import { expect, test } from 'vitest'
import type { UserId } from '../../../src/ids.ts'
import { createLiveLimits, LIVE_LIMITS, type LiveKind } from '../../../src/quotas/live-limits.ts'

const alice = 'alice' as UserId
const bob = 'bob' as UserId
const KINDS = Object.keys(LIVE_LIMITS) as LiveKind[]

test.each(KINDS)(
  'a user may have as many of the kind %s open as allowed, and one more for each that ends',
  (kind) => {
    const limits = createLiveLimits()
    const [first] = Array.from({ length: LIVE_LIMITS[kind] }, () => limits.take(alice, kind))
    expect(() => limits.take(alice, kind)).toThrow(
      expect.objectContaining({ code: 'RATE_LIMITED', retryAfterMs: 30_000 }) as Error,
    )
    limits.take(bob, kind)
    for (const other of KINDS) if (other !== kind) limits.take(alice, other)
    first?.dispose()
    first?.dispose()
    limits.take(alice, kind)
    expect(() => limits.take(alice, kind)).toThrow('the most allowed')
  },
)

test('a factor multiplies the limits, and an infinite one lifts them', () => {
  const doubled = createLiveLimits(2)
  for (let count = 0; count < 2 * LIVE_LIMITS.stream; count++) doubled.take(alice, 'stream')
  expect(() => doubled.take(alice, 'stream')).toThrow(`You have ${2 * LIVE_LIMITS.stream} streams open`)
  const unlimited = createLiveLimits(Infinity)
  for (let count = 0; count < 5_000; count++) unlimited.take(alice, 'connection')
})
