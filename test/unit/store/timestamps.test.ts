import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseTimestamp } from '../../../src/store/sql/timestamps.ts'

/** As PostgreSQL writes a time in UTC: without zeros at the end of the fraction. */
function written(time: Date, micros: number): string {
  const [day, clock] = time.toISOString().slice(0, -1).split('T')
  const fraction = `${clock?.slice(9)}${String(micros).padStart(3, '0')}`.replace(/0+$/, '')
  return `${day} ${clock?.slice(0, 8)}${fraction === '' ? '' : `.${fraction}`}+00`
}

const anyTime = fc.date({
  min: new Date('0001-01-01T00:00:00Z'),
  max: new Date('9999-12-31T23:59:59.999Z'),
  noInvalidDate: true,
})

test('parses any time to the millisecond', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(anyTime, fc.nat(999))), (times) => {
      const parsed = times.map(([time, micros]) => parseTimestamp(written(time, micros)))
      expect(parsed).toEqual(times.map(([time]) => time))
    }),
  )
})

test.for([
  ['2026-11-23 09:00:00+00', '2026-11-23T09:00:00.000Z'],
  ['2026-11-23 09:00:00.5+00', '2026-11-23T09:00:00.500Z'],
  ['2026-11-23 09:00:00.019999+00', '2026-11-23T09:00:00.019Z'],
  ['2026-11-23 09:00:00.5+05:30', '2026-11-23T03:30:00.500Z'],
  ['12026-11-23 09:00:00+00', '+012026-11-23T09:00:00.000Z'],
  ['0044-03-15 12:00:00+00 BC', '-000043-03-15T12:00:00.000Z'],
] as const)('parses %s', ([text, expected]) => {
  expect(parseTimestamp(text)).toEqual(new Date(expected))
})

test('leaves infinity to node-postgres', () => {
  expect(parseTimestamp('infinity')).toBe(Infinity)
})
