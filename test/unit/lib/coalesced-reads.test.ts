import { expect, test } from 'vitest'
import { coalesceReads } from '../../../src/lib/coalesced-reads.ts'

type Reading = Readonly<{ keys: readonly string[] }> & PromiseWithResolvers<ReadonlyMap<string, string>>

/** Reads that the test completes, in the order in which they were started. */
function world() {
  const readings: Reading[] = []
  const find = coalesceReads<string, string>((keys) => {
    const reading = { keys, ...Promise.withResolvers<ReadonlyMap<string, string>>() }
    readings.push(reading)
    return reading.promise
  })
  const asked = (): (readonly string[])[] => readings.map(({ keys }) => keys)
  /** Completes a read with the keys that exist. Default: all. */
  const answer = (index: number, ...there: string[]): void => {
    const keys = there.length > 0 ? there : (readings[index]?.keys ?? [])
    readings[index]?.resolve(new Map(keys.map((key) => [key, key.toUpperCase()])))
  }
  return { find, asked, answer, readings }
}

test('reads a key once for concurrent callers, and again afterwards', async () => {
  const { find, asked, answer } = world()
  const all = [find(['a', 'b']), find(['b', 'c']), find(['a', 'c'])]
  expect(asked()).toEqual([['a', 'b'], ['c']])
  answer(0)
  answer(1)
  const found = await Promise.all(all)
  expect(found.map((one) => [...one.keys()].toSorted().join(''))).toEqual(['ab', 'abc', 'abc'])
  void find(['a'])
  expect(asked()).toEqual([['a', 'b'], ['c'], ['a']])
})

test("repeats a read that another caller's read did not find or failed to read", async () => {
  const { find, asked, answer, readings } = world()
  const [first, second] = [find(['a', 'b']), find(['a', 'b'])]
  answer(0, 'b')
  expect(await first).toEqual(new Map([['b', 'B']]))
  await expect.poll(asked).toEqual([['a', 'b'], ['a']])
  const third = find(['a'])
  const failed = expect(second).rejects.toThrow('away')
  readings[1]?.reject(new Error('away'))
  await failed
  await expect.poll(asked).toEqual([['a', 'b'], ['a'], ['a']])
  answer(2)
  expect(await third).toEqual(new Map([['a', 'A']]))
})
