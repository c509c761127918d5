import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BoundedMap } from '../../../src/lib/bounded-map.ts'

test('what was set longest ago goes first, and setting it again makes it the newest', () => {
  const map = new BoundedMap<string, number>(2)
  map.set('alice', 1)
  map.set('bob', 2)
  map.set('alice', 3)
  map.set('carol', 4)
  expect([map.get('alice'), map.get('bob'), map.get('carol')]).toEqual([3, undefined, 4])
})

test('what weighs more than there is room for is not kept, and takes the place of nothing afterwards', () => {
  const map = new BoundedMap<string, number>(10)
  map.set('alice', 1, 11)
  map.set('bob', 2, 10)
  expect([map.get('alice'), map.get('bob')]).toEqual([undefined, 2])
})

test('whatever is set and deleted, what is kept is the newest, and never weighs more than is allowed', () => {
  const step = fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 6 }))
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const map = new BoundedMap<number, number>(8)
      let expected: (readonly [number, number])[] = []
      for (const [key, weight] of steps) {
        expected = expected.filter(([other]) => other !== key)
        if (weight === 0) map.delete(key)
        else map.set(key, weight, weight)
        if (weight > 0) expected.push([key, weight])
        while (expected.reduce((sum, [, one]) => sum + one, 0) > 8) expected.shift()
        for (const other of [0, 1, 2, 3, 4, 5])
          expect(map.get(other)).toBe(expected.find(([one]) => one === other)?.[1])
      }
    }),
  )
})
