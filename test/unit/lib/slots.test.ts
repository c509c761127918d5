import { expect, test } from 'vitest'
import { Slots } from '../../../src/lib/slots.ts'
import { createManualWork } from '../../harness/fixtures/manual-work.ts'

test('runs a bounded number of tasks at once, and the others in order of arrival, even after a failure', async () => {
  const { run, calls } = createManualWork<number>()
  const slots = new Slots(2)
  const outcomes = [1, 2, 3, 4].map((number) => slots.run(() => run([number])))
  const [first, second] = [await calls.next(), await calls.next()]
  expect(calls.all).toHaveLength(2)
  second.fail(new Error('this one broke'))
  await expect(outcomes[1]).rejects.toThrow('this one broke')
  expect((await calls.next()).items).toEqual([3])
  expect(calls.all).toHaveLength(3)
  first.finish([])
  expect((await calls.next()).items).toEqual([4])
})

test('is idle before its first task and after its last one', async () => {
  const { run, calls } = createManualWork<number>()
  const slots = new Slots(1)
  expect(slots.isIdle).toBe(true)
  const outcomes = [1, 2].map((number) => slots.run(() => run([number])))
  ;(await calls.next()).finish([])
  await outcomes[0]
  expect(slots.isIdle).toBe(false)
  ;(await calls.next()).finish([])
  await outcomes[1]
  expect(slots.isIdle).toBe(true)
})

test('a task that throws before it waits frees its slot', async () => {
  const slots = new Slots(1)
  await expect(
    slots.run(() => {
      throw new Error('this one broke')
    }),
  ).rejects.toThrow('this one broke')
  expect(slots.isIdle).toBe(true)
  expect(await slots.run(async () => 'next')).toBe('next')
})
