import { readFile } from 'node:fs/promises'
import { buildSchema, type GraphQLSchema } from 'graphql'
import { deviationsFrom } from './contract-rules.ts'

// Fails if schema.graphql lacks something that client developers were promised.
const PROMISED = new URL('../test/contract/api/promised.graphql', import.meta.url)
const PRINTED = new URL('../schema.graphql', import.meta.url)

const read = async (file: URL): Promise<GraphQLSchema> => buildSchema(await readFile(file, 'utf8'))
const deviations = deviationsFrom(await read(PROMISED), await read(PRINTED))
if (deviations.length > 0) {
  console.error(
    'schema.graphql breaks the promise to client developers (test/contract/api/promised.graphql):',
  )
  for (const deviation of deviations) console.error(`  ${deviation}`)
  process.exitCode = 1
}
