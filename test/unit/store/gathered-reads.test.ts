import { expect, test } from 'vitest'
import { withReadPosition } from '../../../src/store/replicas/freshness.ts'
import { gatherReads } from '../../../src/store/replicas/gathered-reads.ts'
import { createManualWork } from '../../harness/fixtures/manual-work.ts'

function createReads() {
  const { run, calls } = createManualWork<string>()
  return { calls, read: gatherReads({ read: run, maxBatch: 10 }) }
}

/** Begins an operation that may read from a replica. */
const operation = <Result>(work: () => Result): Result => withReadPosition(async () => undefined, work)

test('a statement has at most the given number of keys', async () => {
  const { calls, read } = createReads()
  const keys = Array.from({ length: 12 }, (_, index) => `key ${index}`)
  const values = Promise.all(keys.map(read))
  for (const { items, finish } of [await calls.next(), await calls.next()]) finish(items)
  expect(calls.all.map(({ items }) => items.length)).toEqual([10, 2])
  expect(await values).toEqual(keys)
})

test('the reads of one operation share a statement', async () => {
  const { calls, read } = createReads()
  const values = operation(() => Promise.all([read('tea'), read('milk')]))
  const { items, finish } = await calls.next()
  expect(items).toEqual(['tea', 'milk'])
  finish(items)
  expect(await values).toEqual(['tea', 'milk'])
})

test('two operations that may read from different servers share no statement', async () => {
  const { calls, read } = createReads()
  const values = Promise.all([operation(() => read('tea')), operation(() => read('milk')), read('water')])
  for (let count = 0; count < 3; count += 1) {
    const { items, finish } = await calls.next()
    expect(items).toHaveLength(1)
    finish(items)
  }
  expect(await values).toEqual(['tea', 'milk', 'water'])
})
