import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { format, resolveConfig } from 'prettier'
import { createSchema } from '../src/api/schema.ts'
import { referencePages } from './api-reference.ts'

// `npm run docs:api` writes the reference in docs/api from the schema. With --check it only reports whether the files
// are up to date.
const FOLDER = new URL('../docs/api/', import.meta.url)

/** Returns the text of each page of the reference, by file name. */
export async function apiDocuments(): Promise<ReadonlyMap<string, string>> {
  const options = await resolveConfig(new URL('README.md', FOLDER))
  const pages = [...referencePages(createSchema())].map(async ([name, text]) => {
    return [name, await format(text, { ...options, parser: 'markdown' })] as const
  })
  return new Map(await Promise.all(pages))
}

if (import.meta.main) {
  const pages = await apiDocuments()
  await mkdir(FOLDER, { recursive: true })
  const strays = (await readdir(FOLDER)).filter((name) => !pages.has(name))
  if (process.argv.includes('--check')) {
    const stale = [...strays]
    for (const [name, text] of pages) {
      if ((await readFile(new URL(name, FOLDER), 'utf8').catch(() => '')) !== text) stale.push(name)
    }
    if (stale.length > 0) {
      console.error(
        `docs/api is out of date: ${stale.join(', ')}. Run "npm run docs:api" and commit the files.`,
      )
      process.exitCode = 1
    }
  } else {
    for (const [name, text] of pages) await writeFile(new URL(name, FOLDER), text)
    for (const name of strays) await rm(new URL(name, FOLDER))
  }
}
