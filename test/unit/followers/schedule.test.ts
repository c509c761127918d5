import { expect, test } from 'vitest'
import { waitMs } from '../../../src/followers/schedule.ts'

const [SECOND, MINUTE, HOUR] = [1_000, 60_000, 3_600_000]
const PLANNED = [
  5 * SECOND,
  30 * SECOND,
  2 * MINUTE,
  10 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  4 * HOUR,
  6 * HOUR,
]

test('waits longer after each failed attempt, up to six hours', () => {
  expect(PLANNED.map((_, attempts) => waitMs(attempts, undefined, 0.5))).toEqual(PLANNED)
  expect(waitMs(100, undefined, 0.5)).toBe(6 * HOUR)
})

test('waits vary by a fifth', () => {
  for (const [attempts, planned] of PLANNED.entries()) {
    expect(waitMs(attempts, undefined, 0)).toBeCloseTo(0.8 * planned)
    expect(waitMs(attempts, undefined, 1)).toBeCloseTo(1.2 * planned)
  }
})

test('waits as long as the receiver asks for, unless the schedule waits longer or it is too long', () => {
  expect(waitMs(0, HOUR, 0.5)).toBe(HOUR)
  expect(waitMs(4, MINUTE, 0.5)).toBe(30 * MINUTE)
  expect(waitMs(0, 1_000 * HOUR, 0.5)).toBe(6 * HOUR)
})
