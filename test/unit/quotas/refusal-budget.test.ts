import { expect, test } from 'vitest'
import { createRefusalBudget } from '../../../src/quotas/refusal-budget.ts'

function startBudget() {
  const time = { now: 0 }
  const budget = createRefusalBudget(() => time.now)
  const charge = (sender: string, times: number): void => {
    for (let count = 0; count < times; count++) budget.charge(sender)
  }
  return { time, budget, charge }
}

test('a sender may be rejected fifty times at once, and another is not affected', () => {
  const { budget, charge } = startBudget()
  charge('alice', 49)
  expect(budget.waitMs('alice')).toBe(0)
  charge('alice', 1)
  expect(budget.waitMs('alice')).toBeGreaterThan(0)
  expect(budget.waitMs('bob')).toBe(0)
})

test('a sender who goes on is read about a second after the last attempt', () => {
  const { time, budget, charge } = startBudget()
  for (let count = 0; count < 10; count++) {
    charge('alice', 1_000)
    const waitMs = budget.waitMs('alice')
    expect(waitMs).toBeGreaterThanOrEqual(1_000)
    expect(waitMs).toBeLessThanOrEqual(1_200)
    time.now += 500
  }
  expect(budget.waitMs('alice')).toBeGreaterThan(0)
  time.now += 701
  expect(budget.waitMs('alice')).toBe(0)
})

test('a sender who is rejected five times a second is read', () => {
  const { time, budget, charge } = startBudget()
  for (let count = 0; count < 1_000; count++) {
    charge('alice', 1)
    expect(budget.waitMs('alice')).toBe(0)
    time.now += 200
  }
})
