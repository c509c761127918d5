import { afterEach, expect, test, vi } from 'vitest'
import { systemClock } from '../../../src/lib/clock.ts'

afterEach(() => void vi.useRealTimers())

test('the system clock returns milliseconds since 1970', () => {
  vi.useFakeTimers({ now: new Date('2026-11-23T09:00:00.123Z') })
  expect(systemClock.now()).toBe(Date.UTC(2026, 10, 23, 9, 0, 0, 123))
})
