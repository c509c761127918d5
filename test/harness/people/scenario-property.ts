import fc from 'fast-check'
import { groups, steps } from '../fixtures/scenario-steps.ts'
import type { TestParley } from '../servers/parley.ts'
import { Scenario, type StartClient } from './scenario.ts'

/**
 * Runs random steps of several people, some at the same time, and expects every client to hold what a fresh query
 * returns. `PROPERTY_RUNS` in the environment replaces `runs`.
 */
export async function checkRandomScenarios(
  parley: TestParley,
  runs: number,
  start?: StartClient,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(
      groups,
      steps,
      steps,
      fc.integer({ min: 1, max: 6 }),
      async (first, before, all, atOnce) => {
        await using scenario = await Scenario.create(parley)
        for (const step of [...first, ...before]) await scenario.runConcurrently([step])
        await scenario.startClients(all.slice(0, 3), start)
        for (let next = 0; next < all.length; next += atOnce) {
          await scenario.runConcurrently(all.slice(next, next + atOnce))
        }
        await scenario.expectClientsMatchQueries()
      },
    ),
    {
      numRuns: Number(process.env['PROPERTY_RUNS'] ?? runs),
      // Each attempt to shrink a failure would wait for something that never comes.
      endOnFailure: true,
    },
  )
}
