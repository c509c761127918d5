import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SmallMap } from '../../../src/lib/small-map.ts'

const key = fc.integer({ min: 0, max: 4 })
const step = fc.oneof(
  fc.record({ type: fc.constant('set' as const), key, value: fc.integer() }),
  fc.record({ type: fc.constant('delete' as const), key }),
  fc.record({ type: fc.constant('clear' as const) }),
)

test('has the entries of a Map after the same steps', () => {
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const [map, small] = [new Map<number, number>(), new SmallMap<number, number>()]
      for (const one of steps) {
        if (one.type === 'clear') {
          map.clear()
          small.clear()
        } else if (one.type === 'delete') {
          expect(small.delete(one.key)).toBe(map.delete(one.key))
        } else {
          map.set(one.key, one.value)
          small.set(one.key, one.value)
        }
        expect(small.size).toBe(map.size)
        expect([0, 1, 2, 3, 4].map((at) => small.has(at))).toEqual([0, 1, 2, 3, 4].map((at) => map.has(at)))
      }
      const entries = [...small].map((entry): [number, number] => [entry.key, entry.value])
      expect(new Map(entries)).toEqual(map)
      expect(new Set(small.values())).toEqual(new Set(map.values()))
    }),
  )
})
