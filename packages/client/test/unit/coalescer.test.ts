import { expect, test } from 'vitest'
import { createCoalescer } from '../../src/lib/coalescer.ts'

type Batch = readonly (readonly [string, number])[]

/** A coalescer of two values per batch, whose batches end when the test resolves them. */
function coalescer() {
  const stop = new AbortController()
  const batches: Batch[] = []
  const errors: unknown[] = []
  let started = Promise.withResolvers<void>()
  let ended = Promise.withResolvers<void>()
  const values = createCoalescer<number>({
    collectMs: 0,
    maxBatch: 2,
    run(batch) {
      batches.push(batch)
      started.resolve()
      return ended.promise
    },
    signal: stop.signal,
    onError: (error) => void errors.push(error),
  })
  return {
    values,
    batches,
    errors,
    stop,
    started: () => started.promise,
    end: (failure?: Error) => {
      const { resolve, reject } = ended
      started = Promise.withResolvers()
      ended = Promise.withResolvers()
      if (failure === undefined) resolve()
      else reject(failure)
    },
  }
}

test('hands on the newest value of each key, in batches, one batch at a time', async () => {
  const { values, batches, started, end } = coalescer()
  values.set('a', 1)
  values.set('a', 2)
  values.set('b', 1)
  values.set('c', 1)
  expect(values.get('a')).toBe(2)
  await started()
  values.set('a', 3)
  expect(batches).toEqual([[['a', 2], ['b', 1]]]) // prettier-ignore
  end()
  await started()
  expect(batches[1]).toEqual([['c', 1], ['a', 3]]) // prettier-ignore
})

test('reports a failed batch and goes on with the next', async () => {
  const { values, batches, errors, started, end } = coalescer()
  values.set('a', 1)
  await started()
  values.set('b', 1)
  const error = new Error('rejected')
  end(error)
  await started()
  expect(errors).toEqual([error])
  expect(batches).toEqual([[['a', 1]], [['b', 1]]])
})

test('clear drops what waits', async () => {
  const { values, batches, started } = coalescer()
  values.set('a', 1)
  values.clear()
  values.set('b', 1)
  await started()
  expect(batches).toEqual([[['b', 1]]])
})

test('runs no empty batch if all values are dropped while they are collected', async () => {
  const { values, batches, started } = coalescer()
  values.set('a', 1)
  values.clear()
  // Ends after the pause of the coalescer, which began before.
  await new Promise((resolve) => setTimeout(resolve, 0))
  values.set('b', 1)
  await started()
  expect(batches).toEqual([[['b', 1]]])
})
