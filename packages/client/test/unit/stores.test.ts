import { expect, test, vi } from 'vitest'
import { ComputedStore } from '../../src/lib/computed-store.ts'
import { keepIdentity } from '../../src/lib/equal.ts'
import { ValueStore } from '../../src/lib/value-store.ts'

test('a value store calls its listeners once for each change, and not for the same value', () => {
  const store = new ValueStore(1)
  const listener = vi.fn<() => void>()
  const dispose = store.subscribe(listener)
  store.set(1)
  store.set(2)
  expect(listener).toHaveBeenCalledTimes(1)
  dispose()
  store.set(3)
  expect(listener).toHaveBeenCalledTimes(1)
  expect(store.getSnapshot()).toBe(3)
})

test('the same function can subscribe twice, and each subscription ends by itself', () => {
  const store = new ValueStore(1)
  const listener = vi.fn<() => void>()
  const dispose = store.subscribe(listener)
  store.subscribe(listener)
  dispose()
  dispose()
  store.set(2)
  expect(listener).toHaveBeenCalledTimes(1)
})

test('a value store is watched from its first listener to its last', () => {
  const onWatched = vi.fn<(isWatched: boolean) => void>()
  const store = new ValueStore(1, onWatched)
  const [first, second] = [store.subscribe(() => undefined), store.subscribe(() => undefined)]
  first()
  expect(onWatched.mock.calls).toEqual([[true]])
  second()
  expect(onWatched.mock.calls).toEqual([[true], [false]])
})

test('a computed store computes once after each change and keeps equal snapshots by identity', () => {
  let source = { title: 'Lunch' }
  let previous: typeof source | undefined
  const compute = vi.fn<() => typeof source>(() => (previous = keepIdentity(previous, { ...source })))
  const store = new ComputedStore(compute)
  const before = store.getSnapshot()
  expect(store.getSnapshot()).toBe(before)
  expect(compute).toHaveBeenCalledTimes(1)
  store.markStale()
  expect(store.getSnapshot()).toBe(before)
  source = { title: 'Dinner' }
  store.markStale()
  expect(store.getSnapshot()).toEqual({ title: 'Dinner' })
})
