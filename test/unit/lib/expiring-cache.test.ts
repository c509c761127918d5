import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ExpiringCache } from '../../../src/lib/expiring-cache.ts'

function cacheOf({ maxEntries = 100, ttlMs = 1_000 } = {}) {
  const clock = { time: 50_000, now: () => clock.time }
  return { clock, cache: new ExpiringCache<string, number>({ maxEntries, ttlMs, clock }) }
}

test('a value is there for its time, and not a moment longer', () => {
  const { clock, cache } = cacheOf({ ttlMs: 1_000 })
  cache.set('alice', 1)
  clock.time += 999
  expect(cache.get('alice')).toBe(1)
  clock.time += 1
  expect(cache.get('alice')).toBeUndefined()
})

test('a value that is stored again replaces the old one and has its time anew', () => {
  const { clock, cache } = cacheOf({ ttlMs: 1_000 })
  cache.set('alice', 1)
  clock.time += 600
  cache.set('alice', 2)
  clock.time += 600
  expect(cache.get('alice')).toBe(2)
})

test('beyond its size it forgets what was stored longest ago, and asking does not count as storing', () => {
  const { cache } = cacheOf({ maxEntries: 2 })
  cache.set('alice', 1)
  cache.set('bob', 2)
  cache.set('alice', 3)
  cache.get('bob')
  cache.set('carol', 4)
  expect([cache.get('alice'), cache.get('bob'), cache.get('carol')]).toEqual([3, undefined, 4])
})

test('what was deleted is gone', () => {
  const { cache } = cacheOf()
  cache.set('alice', 1)
  cache.delete('alice')
  expect(cache.get('alice')).toBeUndefined()
})

test('a clock that jumps back an hour does not make it remember for an hour', () => {
  const { clock, cache } = cacheOf({ ttlMs: 1_000 })
  cache.set('alice', 1)
  clock.time -= 3_600_000
  expect(cache.get('alice')).toBeUndefined()
})

test('it never remembers more than its size, and of each key only the newest value', () => {
  const stores = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd', 'e'), fc.nat()))
  fc.assert(
    fc.property(stores, fc.integer({ min: 1, max: 4 }), (entries, maxEntries) => {
      const { cache } = cacheOf({ maxEntries })
      for (const [key, value] of entries) cache.set(key, value)
      const newest = new Map(entries)
      const known = [...newest].filter(([key]) => cache.get(key) !== undefined)
      expect(known.length).toBe(Math.min(maxEntries, newest.size))
      for (const [key, value] of known) expect(cache.get(key)).toBe(value)
    }),
  )
})
