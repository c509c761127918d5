import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { withTimeout } from '../../../src/lib/async.ts'

const late = (): Error => new Error('late')

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('has the outcome of work that ends in time, and leaves no timer', async () => {
  expect(await withTimeout(1_000, Promise.resolve('done'), late)).toBe('done')
  await expect(withTimeout(1_000, Promise.reject(new Error('failed')), late)).rejects.toThrow('failed')
  expect(vi.getTimerCount()).toBe(0)
})

test('rejects with the caller’s error if the time passes first', async () => {
  const outcome = withTimeout(1_000, new Promise<never>(() => undefined), late)
  const rejection = expect(outcome).rejects.toThrow('late')
  await vi.advanceTimersByTimeAsync(1_000)
  await rejection
})

test('does not reject too early', async () => {
  const work = Promise.withResolvers<string>()
  const outcome = withTimeout(1_000, work.promise, late)
  await vi.advanceTimersByTimeAsync(999)
  work.resolve('just in time')
  expect(await outcome).toBe('just in time')
})

test('ignores a failure after the timeout', async () => {
  const work = Promise.withResolvers<never>()
  const rejection = expect(withTimeout(1, work.promise, late)).rejects.toThrow('late')
  await vi.advanceTimersByTimeAsync(1)
  await rejection
  work.reject(new Error('too late to matter'))
  await vi.advanceTimersByTimeAsync(1)
})
