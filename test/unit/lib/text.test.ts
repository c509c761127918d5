import { expect, test } from 'vitest'
import { editDistance, nearest } from '../../../src/lib/text.ts'

test.each([
  ['', '', 0],
  ['', 'port', 4],
  ['port', 'port', 0],
  ['ports', 'port', 1],
  ['part', 'port', 1],
  ['prot', 'port', 1],
  ['secert', 'secret', 1],
  ['databse', 'database', 1],
  ['kitten', 'sitting', 3],
])('the distance of "%s" and "%s" is %i in both directions', (from, to, steps) => {
  expect(editDistance(from, to)).toBe(steps)
  expect(editDistance(to, from)).toBe(steps)
})

test('the nearest candidate has the smallest distance within the limit', () => {
  const names = ['serve', 'token', 'doctor']
  expect(nearest('sevre', names, () => 2)).toBe('serve')
  expect(nearest('tokens', names, () => 2)).toBe('token')
  expect(nearest('doctor', names, () => 0)).toBe('doctor')
  expect(nearest('bench', names, () => 2)).toBeUndefined()
})
