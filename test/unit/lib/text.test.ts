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
])('from "%s" to "%s" it takes %i steps, and as many back', (from, to, steps) => {
  expect(editDistance(from, to)).toBe(steps)
  expect(editDistance(to, from)).toBe(steps)
})

test('the nearest is the one that takes the fewest steps, if that is few enough', () => {
  const names = ['serve', 'token', 'doctor']
  expect(nearest('sevre', names, () => 2)).toBe('serve')
  expect(nearest('tokens', names, () => 2)).toBe('token')
  expect(nearest('doctor', names, () => 0)).toBe('doctor')
  expect(nearest('bench', names, () => 2)).toBeUndefined()
})
