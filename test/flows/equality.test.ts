import { afterAll, beforeAll, test } from 'vitest'
import { SERVER_API, startParley, type TestParley, UNLIMITED } from '../harness/servers/parley.ts'
import { checkRandomScenarios } from '../harness/people/scenario-property.ts'

// I13: a client that queried once and then applied its inbox holds what a new query returns. Random users do random
// things in direct chats and groups, several at a time, while time passes. Each observer reconnects now and then, with
// and without acknowledging.

let parley: TestParley
beforeAll(async () => {
  parley = await startParley({ config: { ...UNLIMITED, ...SERVER_API }, media: 'folder' })
})
afterAll(() => parley[Symbol.asyncDispose]())

test('a client that queried once and applied its inbox holds what a new query returns', async () => {
  await checkRandomScenarios(parley, { runs: 15 })
}, 120_000)
