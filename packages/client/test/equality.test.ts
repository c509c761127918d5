import { afterAll, beforeAll, test } from 'vitest'
import { checkRandomScenarios } from '../../../test/harness/people/scenario-property.ts'
import { SERVER_API, startParley, type TestParley, UNLIMITED } from '../../../test/harness/servers/parley.ts'
import { startApolloScenario } from '../../apollo/test/scenario-client.ts'
import { startUrqlScenario } from '../../urql/test/scenario-client.ts'
import { scenarioClients, startStores } from './scenario-client.ts'

// G3: after each step, the plain store, the cache of Apollo and that of urql hold what a fresh query returns. Several
// people do random things at the same time, connections are lost, and clients start again from their storage.

let parley: TestParley
beforeAll(async () => {
  parley = await startParley({ config: { ...UNLIMITED, ...SERVER_API }, media: 'folder' })
})
afterAll(() => parley[Symbol.asyncDispose]())

test('stores, Apollo and urql hold what a fresh query returns after each step, whatever people and networks do', async () => {
  await checkRandomScenarios(parley, {
    runs: 6,
    start: scenarioClients({ stores: startStores, apollo: startApolloScenario, urql: startUrqlScenario }),
    devices: ['all kinds'],
    comparesEachTime: true,
  })
}, 240_000)
