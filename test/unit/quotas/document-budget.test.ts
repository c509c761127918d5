import { expect, test } from 'vitest'
import { createDocumentBudget } from '../../../src/quotas/document-budget.ts'

test('a payer may use half a second at once, and a twentieth of a core from then on', () => {
  let now = 0
  const budget = createDocumentBudget(() => now)
  budget.charge('alice', 499)
  expect(budget.waitMs('alice')).toBe(0)
  budget.charge('alice', 11)
  expect(budget.waitMs('alice')).toBe(200)
  expect(budget.waitMs('bob')).toBe(0)
  now += 150
  expect(budget.waitMs('alice')).toBe(50)
  now += 51
  expect(budget.waitMs('alice')).toBe(0)
})

test('a cost above the balance is paid back before the next document', () => {
  let now = 0
  const budget = createDocumentBudget(() => now)
  budget.charge('alice', 1_500)
  expect(budget.waitMs('alice')).toBe(20_000)
  now += 10_000
  expect(budget.waitMs('alice')).toBe(10_000)
})
