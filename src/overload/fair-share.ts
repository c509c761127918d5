/**
 * The share of a budget that each may have so that all of it is used and nobody gets more than they want while another
 * gets less: max-min fairness, found by filling up from the least demanding on. Where the budget is enough for all,
 * what is left is the most demanding one's. Sorts `demands` in place. Nobody wants anything: all of the budget.
 */
export function fairShare(demands: Float64Array, budget: number): number {
  demands.sort()
  let left = budget
  for (const [index, demand] of demands.entries()) {
    const share = left / (demands.length - index)
    if (demand > share || index === demands.length - 1) return share
    left -= demand
  }
  return left
}
