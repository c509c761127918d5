import fc from 'fast-check'
import { afterAll, beforeAll, test } from 'vitest'
import { startParley, type TestParley } from '../harness/servers/parley.ts'
import { PEOPLE, type Step, type Where, Scenario } from '../harness/people/scenario.ts'

// I13: a client that queried once and then applied its inbox holds what a new query returns. Random users do random
// things in direct chats and groups, several at a time, while time passes. Each observer reconnects now and then, with
// and without acknowledging.

const name = fc.constantFrom(...PEOPLE)
const group = fc.nat({ max: 1 })
const where: fc.Arbitrary<Where> = fc.oneof(fc.constant('direct' as const), group, group)
const both = { actor: name, target: name }
/** Permanent, less than ten minutes, and a few times ten minutes. */
const messageTtlSeconds = fc.constantFrom(0, 600, 3_600)

const talk: fc.Arbitrary<Step> = fc.record({
  type: fc.constantFrom('send', 'send', 'reply', 'markRead', 'markDelivered'),
  ...both,
  where,
})
const change: fc.Arbitrary<Step> = fc.record({
  type: fc.constantFrom('edit', 'delete', 'react', 'unreact'),
  ...both,
  where,
  pick: fc.nat(),
})
const membership: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    type: fc.constantFrom('addOrRemove', 'addOrRemove', 'addOrRemove', 'leave'),
    ...both,
    where: group,
  }),
  fc.record({
    type: fc.constant('setRole'),
    ...both,
    where: group,
    role: fc.constantFrom('OWNER', 'ADMIN', 'MEMBER'),
  }),
)
const settings: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ type: fc.constant('rename'), ...both, where: group }),
  fc.record({ type: fc.constant('setTtl'), ...both, where, messageTtlSeconds }),
)
const creation: fc.Arbitrary<Step> = fc.record({
  type: fc.constant('createGroup'),
  ...both,
  messageTtlSeconds,
})
const reconnect: fc.Arbitrary<Step> = fc.record({
  type: fc.constant('reconnect'),
  actor: name,
  acknowledges: fc.boolean(),
})
const time: fc.Arbitrary<Step> = fc.constant({ type: 'tenMinutes' })

const steps = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: talk },
    { weight: 3, arbitrary: change },
    { weight: 5, arbitrary: membership },
    { weight: 3, arbitrary: settings },
    { weight: 1, arbitrary: creation },
    { weight: 1, arbitrary: reconnect },
    { weight: 1, arbitrary: time },
  ),
  { minLength: 10, maxLength: 40 },
)
const groups = fc.array(creation, { minLength: 2, maxLength: 2 })

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
