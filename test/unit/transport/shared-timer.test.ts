import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createSharedTimer } from '../../../src/transport/http/shared-timer.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('one timer serves all functions, and ends with the last of them', () => {
  const timer = createSharedTimer(1_000)
  const [one, other] = [vi.fn<() => void>(), vi.fn<() => void>()]
  const stopOne = timer.add(one)
  const stopOther = timer.add(other)
  expect(vi.getTimerCount()).toBe(1)
  vi.advanceTimersByTime(2_000)
  stopOne()
  vi.advanceTimersByTime(1_000)
  expect([one, other].map(({ mock }) => mock.calls.length)).toEqual([2, 3])
  stopOther()
  stopOther()
  expect(vi.getTimerCount()).toBe(0)
})

test('begins again after a pause', () => {
  const timer = createSharedTimer(1_000)
  timer.add(() => undefined)()
  const tick = vi.fn<() => void>()
  timer.add(tick)
  vi.advanceTimersByTime(1_000)
  expect(tick).toHaveBeenCalledOnce()
})

test('a function may stop itself and others', () => {
  const timer = createSharedTimer(1_000)
  const other = vi.fn<() => void>()
  const stopSelf = timer.add(() => {
    stopSelf()
    stopOther()
  })
  const stopOther = timer.add(other)
  vi.advanceTimersByTime(2_000)
  expect(other).not.toHaveBeenCalled()
  expect(vi.getTimerCount()).toBe(0)
})
