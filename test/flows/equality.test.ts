import fc from 'fast-check'
import { afterAll, beforeAll, test } from 'vitest'
import { startParley, type TestParley } from '../harness/servers/parley.ts'
import { groups, steps } from '../harness/fixtures/scenario-steps.ts'
import { Scenario } from '../harness/people/scenario.ts'

// I13: a client that queried once and then applied its inbox holds what a new query returns. Random users do random
// things in direct chats and groups, several at a time, while time passes. Each observer reconnects now and then, with
// and without acknowledging.

let parley: TestParley
beforeAll(async () => {
  parley = await startParley()
})
afterAll(() => parley[Symbol.asyncDispose]())

test('a client that queried once and applied its inbox holds what a new query returns', async () => {
  await fc.assert(
    fc.asyncProperty(
      groups,
      steps,
      steps,
      fc.integer({ min: 1, max: 6 }),
      async (first, before, all, atOnce) => {
        await using world = await Scenario.create(parley)
        for (const step of [...first, ...before]) await world.runConcurrently([step])
        await world.startClients(all.slice(0, 3))
        for (let next = 0; next < all.length; next += atOnce)
          await world.runConcurrently(all.slice(next, next + atOnce))
        await world.expectClientsMatchQueries()
      },
    ),
    {
      numRuns: Number(process.env['PROPERTY_RUNS'] ?? 15),
      // Each attempt to shrink a failure would wait for an event that never comes.
      endOnFailure: true,
    },
  )
}, 120_000)
