import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fairShare } from '../../../src/overload/send-throttle.ts'

test.for([
  { demands: [1, 2, 30, 40], budget: 33, share: 15 },
  { demands: [40, 1, 30, 2], budget: 33, share: 15 },
  { demands: [10, 10, 10], budget: 15, share: 5 },
  { demands: [1, 2, 3], budget: 16, share: 13 },
  { demands: [], budget: 7, share: 7 },
])('$demands share $budget at $share each', ({ demands, budget, share }) => {
  expect(fairShare(Float64Array.from(demands), budget)).toBe(share)
})

test('the shares use up the budget, or meet every demand', () => {
  const demand = fc.double({ min: 0, max: 1_000, noNaN: true })
  fc.assert(
    fc.property(fc.array(demand, { minLength: 1 }), demand, (demands, budget) => {
      const share = fairShare(Float64Array.from(demands), budget)
      const used = demands.reduce((sum, one) => sum + Math.min(one, share), 0)
      const demanded = demands.reduce((sum, one) => sum + one, 0)
      expect(used).toBeCloseTo(Math.min(budget, demanded), 6)
    }),
  )
})
