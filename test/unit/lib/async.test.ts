import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { withTimeout } from '../../../src/lib/async.ts'

const late = (): Error => new Error('late')

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('work that is done in time decides the outcome, and leaves no timer behind', async () => {
  expect(await withTimeout(1_000, Promise.resolve('done'), late)).toBe('done')
  await expect(withTimeout(1_000, Promise.reject(new Error('failed')), late)).rejects.toThrow('failed')
  expect(vi.getTimerCount()).toBe(0)
})

test('when the time passes first it rejects with what the caller makes of that', async () => {
  const outcome = withTimeout(1_000, new Promise<never>(() => undefined), late)
  const rejection = expect(outcome).rejects.toThrow('late')
  await vi.advanceTimersByTimeAsync(1_000)
  await rejection
})

test('it does not reject a moment too early', async () => {
  const work = Promise.withResolvers<string>()
  const outcome = withTimeout(1_000, work.promise, late)
  await vi.advanceTimersByTimeAsync(999)
  work.resolve('just in time')
  expect(await outcome).toBe('just in time')
})

test('work that fails when it is late already bothers nobody', async () => {
  const work = Promise.withResolvers<never>()
  const rejection = expect(withTimeout(1, work.promise, late)).rejects.toThrow('late')
  await vi.advanceTimersByTimeAsync(1)
  await rejection
  work.reject(new Error('too late to matter'))
  await vi.advanceTimersByTimeAsync(1)
})
