import { readFile, writeFile } from 'node:fs/promises'
import { type GraphQLSchema, lexicographicSortSchema, printSchema } from 'graphql'
import { createSchema } from '../src/api/schema.ts'
import { createServerSchema } from '../src/server-api/schema.ts'

// `npm run schema` writes schema.graphql and server.graphql from the code; with --check it only compares the files.
await update('schema.graphql', createSchema())
await update('server.graphql', createServerSchema())

async function update(name: string, schema: GraphQLSchema): Promise<void> {
  const file = new URL(`../${name}`, import.meta.url)
  const printed = `${printSchema(lexicographicSortSchema(schema))}\n`
  if (!process.argv.includes('--check')) {
    await writeFile(file, printed)
  } else if ((await readFile(file, 'utf8').catch(() => '')) !== printed) {
    console.error(
      `${name} is not what the code makes of it: run \`npm run schema\`, and look at the difference`,
    )
    process.exitCode = 1
  }
}
