import fc from 'fast-check'
import { afterAll, beforeAll, test } from 'vitest'
import { groups, steps } from '../../../test/harness/fixtures/scenario-steps.ts'
import { Scenario } from '../../../test/harness/people/scenario.ts'
import { startParley, type TestParley, UNLIMITED } from '../../../test/harness/servers/parley.ts'
import { startApolloScenario } from './scenario-client.ts'

let parley: TestParley
beforeAll(async () => {
  parley = await startParley({ config: UNLIMITED })
})
afterAll(() => parley[Symbol.asyncDispose]())

test('holds in the cache what a fresh query returns, whatever several people do and however often connections are lost', async () => {
  await fc.assert(
    fc.asyncProperty(
      groups,
      steps,
      steps,
      fc.integer({ min: 1, max: 6 }),
      async (first, before, all, atOnce) => {
        await using scenario = await Scenario.create(parley)
        for (const step of [...first, ...before]) await scenario.runConcurrently([step])
        await scenario.startClients(all.slice(0, 3), startApolloScenario)
        for (let next = 0; next < all.length; next += atOnce) {
          await scenario.runConcurrently(all.slice(next, next + atOnce))
        }
        await scenario.expectClientsMatchQueries()
      },
    ),
    { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 4), endOnFailure: true },
  )
}, 240_000)
