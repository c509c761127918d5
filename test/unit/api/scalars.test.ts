import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isoText } from '../../../src/api/scalars.ts'

const HOUR_MS = 3_600_000
/** Neighbours share a day or not, so that the text of a day is used again or computed anew. */
const anyTimes = fc.array(
  fc.oneof(
    fc.date({ noInvalidDate: true }),
    fc.integer({ min: -48 * HOUR_MS, max: 48 * HOUR_MS }).map((ms) => new Date(ms)),
  ),
)

test('writes a time as toISOString does', () => {
  fc.assert(
    fc.property(anyTimes, (times) => {
      expect(times.map(isoText)).toEqual(times.map((time) => time.toISOString()))
    }),
  )
})

test('throws for an invalid time', () => {
  expect(() => isoText(new Date(NaN))).toThrow(RangeError)
})
