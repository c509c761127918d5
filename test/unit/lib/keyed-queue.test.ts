import { expect, test } from 'vitest'
import { createKeyedQueue } from '../../../src/lib/keyed-queue.ts'
import { EventQueue } from '../../harness/fixtures/event-queue.ts'

type Run = (batch: ReadonlyMap<string, number>) => Promise<void>

function worklist(run: Run, options: { maxBatch?: number; newest?: (a: number, b: number) => number } = {}) {
  const failures = new EventQueue<unknown>()
  const list = createKeyedQueue<string, number>({
    maxBatch: 10,
    restMs: 0,
    run,
    onFailure: (error) => failures.push(error),
    ...options,
  })
  return { list, failures }
}

test('processes the last value of each key in one batch', async () => {
  const batches = new EventQueue<object>()
  const { list } = worklist(async (batch) => batches.push(Object.fromEntries(batch)))
  list.put('a', 1)
  list.put('b', 1)
  list.put('a', 2)
  expect(await batches.next()).toEqual({ a: 2, b: 1 })
})

test('processes bounded batches one at a time, and every key', async () => {
  const batches = new EventQueue<string[]>()
  let underWay = 0
  const { list } = worklist(
    async (batch) => {
      expect((underWay += 1)).toBe(1)
      await new Promise(setImmediate)
      underWay -= 1
      batches.push([...batch.keys()])
    },
    { maxBatch: 2 },
  )
  for (const key of 'abcde') list.put(key, 1)
  expect(list.size()).toBe(5)
  await batches.until((all) => all.flat().length === 5)
  expect(batches.all).toEqual([['a', 'b'], ['c', 'd'], ['e']])
})

test('retries a failed batch until it succeeds, and keeps newer values', async () => {
  const done = new EventQueue<object>()
  let attempts = 0
  const { list, failures } = worklist(async (batch) => {
    attempts += 1
    if (attempts === 1) list.put('a', 2)
    if (attempts < 3) throw new Error('not yet')
    done.push(Object.fromEntries(batch))
  })
  list.put('a', 1)
  list.put('b', 1)
  expect(await done.next()).toEqual({ a: 2, b: 1 })
  expect(failures.all).toHaveLength(2)
})

test('chooses the newest value with the given function', async () => {
  const batches = new EventQueue<object>()
  const { list } = worklist(async (batch) => batches.push(Object.fromEntries(batch)), { newest: Math.max })
  list.put('a', 2)
  list.put('a', 1)
  expect(await batches.next()).toEqual({ a: 2 })
})

test('closing waits for the batch in progress and drops the rest', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const begun = new EventQueue<string[]>()
  const { list } = worklist(
    async (batch) => {
      begun.push([...batch.keys()])
      await promise
    },
    { maxBatch: 1 },
  )
  list.put('a', 1)
  list.put('b', 1)
  await begun.next()
  let isClosed = false
  const closed = list.close().then(() => (isClosed = true))
  list.put('c', 1)
  await new Promise(setImmediate)
  expect(isClosed).toBe(false)
  resolve()
  await closed
  expect(begun.all).toEqual([['a']])
})
