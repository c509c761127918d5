import { expect, test } from 'vitest'
import { createConcurrencyLimiter } from '../../../src/lib/concurrency-limiter.ts'
import { createManualWork } from '../../harness/fixtures/manual-work.ts'

test('runs a bounded number of tasks at once, and the others in order of arrival', async () => {
  const { run, calls } = createManualWork<number>()
  const { run: pass } = createConcurrencyLimiter(2)
  const passed = [1, 2, 3, 4].map((number) => pass(() => run([number])))
  const [first, second] = [await calls.next(), await calls.next()]
  expect(calls.all).toHaveLength(2)
  second.fail(new Error('this one broke'))
  await expect(passed[1]).rejects.toThrow('this one broke')
  expect((await calls.next()).items).toEqual([3])
  first.finish([])
  expect((await calls.next()).items).toEqual([4])
})

test('the expected wait grows with the number of waiting tasks and with recent durations', async () => {
  let time = 0
  const { run, calls } = createManualWork<number>()
  const { run: pass, expectedWaitMs } = createConcurrencyLimiter(2, () => time)
  expect(expectedWaitMs()).toBe(0)
  const passed = Array.from({ length: 102 }, (_, number) => pass(() => run([number])))
  await calls.until((all) => all.length === 2)
  const atFirst = expectedWaitMs()
  expect(atFirst).toBeGreaterThan(0)
  for (let turns = 0; turns < 101; turns += 1) {
    time += 100
    ;(await calls.next()).finish([])
  }
  expect(expectedWaitMs()).toBe(0)
  await Promise.all(passed.slice(0, 101))
  const again = Array.from({ length: 101 }, () => pass(() => run([0])))
  expect(expectedWaitMs()).toBeGreaterThan(10 * atFirst)
  for (let turns = 0; turns < 102; turns += 1) (await calls.next()).finish([])
  await Promise.all(again)
})
