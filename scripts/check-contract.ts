import { readFile } from 'node:fs/promises'
import { buildSchema, parse } from 'graphql'
import { deviationsFrom, NOT_BUILT, promisedSchema } from './contract-rules.ts'

// Fails if schema.graphql lacks something that client developers were promised, except what is not built yet.
const PROMISED = new URL('../test/contract/api/promised.graphql', import.meta.url)
const PRINTED = new URL('../schema.graphql', import.meta.url)

const promised = promisedSchema(parse(await readFile(PROMISED, 'utf8')))
const printed = buildSchema(await readFile(PRINTED, 'utf8'))
const deviations = deviationsFrom(promised, printed, NOT_BUILT)
if (deviations.length > 0) {
  console.error(
    'schema.graphql breaks the promise to client developers (test/contract/api/promised.graphql):',
  )
  for (const deviation of deviations) console.error(`  ${deviation}`)
  process.exitCode = 1
}
