import fc from 'fast-check'
import { groups, steps } from '../fixtures/scenario-steps.ts'
import type { TestParley } from '../servers/parley.ts'
import { Scenario, type StartClient } from './scenario.ts'

export type ScenarioOptions = Readonly<{
  /** How many scenarios run. `PROPERTY_RUNS` in the environment replaces it. */
  runs: number
  /** Starts a client of a person on a device. Default: a model client. */
  start?: StartClient
  /** The devices of each person. Default: two. */
  devices?: readonly string[]
  /** Compares after each group of steps that run at the same time. Default: once, at the end. */
  comparesEachTime?: boolean
}>

/**
 * Runs random steps of several people, some at the same time, and expects every client to hold what a fresh query
 * returns. The gateway must have the server API.
 */
export async function checkRandomScenarios(
  parley: TestParley,
  { runs, start, devices, comparesEachTime = false }: ScenarioOptions,
): Promise<void> {
  const backend = await parley.backend()
  await fc.assert(
    fc.asyncProperty(
      groups,
      steps,
      steps,
      fc.integer({ min: 1, max: 6 }),
      async (first, before, all, atOnce) => {
        await using scenario = await Scenario.create(parley, backend)
        for (const step of [...first, ...before]) await scenario.runConcurrently([step])
        await scenario.startClients(all.slice(0, 3), start, devices)
        for (let next = 0; next < all.length; next += atOnce) {
          await scenario.runConcurrently(all.slice(next, next + atOnce))
          if (comparesEachTime) await scenario.expectClientsMatchQueries()
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
