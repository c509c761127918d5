import { expect, test } from 'vitest'
import { planWaves } from '../../../src/lib/waves.ts'

test('ends the waves within three quarters of the time, for any number of connections', () => {
  for (const count of [0, 1, 50, 51, 1_000, 20_000, 100_000]) {
    for (const deadlineMs of [0, 100, 1_000, 10_000, 25_000]) {
      const { size, pauseMs } = planWaves(count, deadlineMs)
      const waves = Math.ceil(count / size)
      expect(Math.max(0, waves - 1) * pauseMs).toBeLessThanOrEqual(deadlineMs * 0.75)
    }
  }
})

test('closes a few connections at once and spreads many', () => {
  expect(planWaves(50, 10_000).size).toBe(50)
  expect(planWaves(30_000, 10_000)).toEqual({ size: 1_000, pauseMs: 250 })
})
