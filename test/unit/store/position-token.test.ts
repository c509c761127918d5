import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromToken, toToken } from '../../../src/store/replicas/position-token.ts'

test('a position reads as PostgreSQL writes it', () => {
  expect(toToken(0x16_b374_d848)).toBe('16/B374D848')
  expect(fromToken('0/3000000')).toBe(0x300_0000)
})

test('every position comes back as it was', () => {
  const comesBack = fc.property(fc.maxSafeNat(), (position) => fromToken(toToken(position)) === position)
  fc.assert(comesBack)
})

test.each(['', '1', '1/', 'x/1', '1/1/1', '1/123456789', '1234567/1'])('%j is no position', (token) => {
  expect(fromToken(token)).toBeUndefined()
})
