import { afterAll, beforeAll, test } from 'vitest'
import { checkRandomScenarios } from '../../../test/harness/people/scenario-property.ts'
import { startParley, type TestParley, UNLIMITED } from '../../../test/harness/servers/parley.ts'
import { startScenarioClient } from './scenario-client.ts'

let parley: TestParley
beforeAll(async () => {
  parley = await startParley({ config: UNLIMITED })
})
afterAll(() => parley[Symbol.asyncDispose]())

test('holds what a fresh query returns, whatever several people do and however often connections are lost', async () => {
  await checkRandomScenarios(parley, 8, startScenarioClient)
}, 240_000)
