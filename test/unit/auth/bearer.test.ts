import { expect, test } from 'vitest'
import { bearer } from '../../../src/auth/tokens.ts'

test.each([
  ['Bearer x.y.z', 'x.y.z'],
  ['bearer x.y.z', 'x.y.z'],
  ['BEARER   x.y.z ', 'x.y.z'],
  ['x.y.z', 'x.y.z'],
  ['', undefined],
  ['  ', undefined],
  ['Bearer', 'Bearer'],
  ['Bearer ', 'Bearer'],
  ['Basic YTpi', 'Basic YTpi'],
  [undefined, undefined],
  [null, undefined],
  [['Bearer x'], undefined],
])('reads %j as %j', (value, expected) => {
  expect(bearer(value)).toBe(expected)
})
