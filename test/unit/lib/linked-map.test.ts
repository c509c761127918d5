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

/** Of making one the newest and looking at the oldest, in milliseconds, with so many that are used in turn. */
function costWith(keys: number): number {
  const map = new LinkedMap<number, number>()
  for (let key = 0; key < keys; key += 1) map.set(key, 0)
  const startedAt = performance.now()
  let oldest = 0
  for (let times = 0; times < 50_000; times += 1) {
    map.set(times % keys, times)
    oldest = map.oldest?.key ?? -1
  }
  const costMs = (performance.now() - startedAt) / 50_000
  expect(oldest).toBe(50_000 % keys)
  return costMs
}

test('to use one of 45,000 costs about what it costs to use one of a hundred', () => {
  const least = (keys: number): number => Math.min(costWith(keys), costWith(keys), costWith(keys))
  expect(least(45_000) / least(100)).toBeLessThan(20)
})
