import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LinkedMap } from '../../../src/lib/linked-map.ts'

test('whatever is set and deleted, it holds what a Map would hold, in its order, and knows the oldest', () => {
  const step = fc.tuple(fc.integer({ min: 0, max: 5 }), fc.boolean())
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const map = new LinkedMap<number, number>()
      const expected = new Map<number, number>()
      for (const [at, [key, isSet]] of steps.entries()) {
        expected.delete(key)
        if (isSet) expected.set(key, at)
        if (isSet) map.set(key, at)
        else map.delete(key)
        const [oldest] = expected
        expect([map.oldest?.key, map.oldest?.value]).toEqual(oldest ?? [undefined, undefined])
        expect([[...map], map.size, map.get(key)]).toEqual([[...expected], expected.size, expected.get(key)])
      }
    }),
  )
})

test('each in turn can be taken off as the oldest', () => {
  const map = new LinkedMap<string, number>()
  for (const name of ['alice', 'bob', 'carol', 'alice']) map.set(name, name.length)
  const order: string[] = []
  for (; map.oldest !== undefined; map.delete(map.oldest.key)) order.push(map.oldest.key)
  expect(order).toEqual(['bob', 'carol', 'alice'])
})
