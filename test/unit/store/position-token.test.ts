import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromToken, toToken } from '../../../src/store/replicas/position-token.ts'

test('formats a position in PostgreSQL’s notation', () => {
  expect(toToken(0x16_b374_d848)).toBe('16/B374D848')
  expect(fromToken('0/3000000')).toBe(0x300_0000)
})

test('parses every formatted position', () => {
  const comesBack = fc.property(fc.maxSafeNat(), (position) => fromToken(toToken(position)) === position)
  fc.assert(comesBack)
})

test.each(['', '1', '1/', 'x/1', '1/1/1', '1/123456789', '1234567/1'])('%j is not a position', (token) => {
  expect(fromToken(token)).toBeUndefined()
})
