import { readFile, writeFile } from 'node:fs/promises'
import { lexicographicSortSchema, printSchema } from 'graphql'
import { createSchema } from '../src/api/schema.ts'

// `npm run schema` writes schema.graphql from the code; with --check it only compares the file.
const FILE = new URL('../schema.graphql', import.meta.url)
const printed = `${printSchema(lexicographicSortSchema(createSchema()))}\n`

if (!process.argv.includes('--check')) {
  await writeFile(FILE, printed)
} else if ((await readFile(FILE, 'utf8').catch(() => '')) !== printed) {
  console.error(
    'schema.graphql is not what the code makes of it: run `npm run schema`, and look at the difference',
  )
  process.exitCode = 1
}
