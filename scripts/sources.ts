import { glob, readFile } from 'node:fs/promises'
import { posix } from 'node:path'
import { type ModuleItem, parse } from '@swc/core'

/** Facts about a file for the import rules, beside those that dependency-cruiser reports. */
export type Source = Readonly<{
  /** Its path below the root. */
  file: string
  /** The files whose names it exports again, as paths below the root; or packages. */
  reExported: readonly string[]
  /** Whether it has an identifier `prisma`. */
  usesPrisma: boolean
}>

/**
 * Reads all files below `root`/src. dependency-cruiser misses a re-export if the file also imports from the same one,
 * because it reports two files once.
 */
export async function readSources(root: string): Promise<readonly Source[]> {
  const sources: Source[] = []
  for await (const file of glob('src/**/*.ts', { cwd: root })) {
    if (file.startsWith('src/store/generated/')) continue
    const text = await readFile(posix.join(root, file), 'utf8')
    const { body } = await parse(text, { syntax: 'typescript' })
    const folder = posix.dirname(file)
    sources.push({
      file,
      reExported: reExportsOf(body).map((from) => (from.startsWith('.') ? posix.join(folder, from) : from)),
      usesPrisma: usesPrisma(body),
    })
  }
  return sources
}

/** Returns the source of each `export … from`, and of each import whose name is exported again. */
function reExportsOf(body: readonly ModuleItem[]): readonly string[] {
  const sourceOfName = new Map<string, string>()
  for (const item of body) {
    if (item.type !== 'ImportDeclaration') continue
    for (const { local } of item.specifiers) sourceOfName.set(local.value, item.source.value)
  }
  return body.flatMap((item) => {
    if (item.type === 'ExportAllDeclaration') return [item.source.value]
    if (item.type !== 'ExportNamedDeclaration') return []
    // swc represents an absent source as null, contrary to its types.
    if (item.source as unknown) return [item.source?.value ?? '']
    const names = item.specifiers.flatMap((one) => (one.type === 'ExportSpecifier' ? [one.orig.value] : []))
    return names.flatMap((name) => sourceOfName.get(name) ?? [])
  })
}

/** Also true for `{ prisma } = tx`. */
function usesPrisma(body: readonly ModuleItem[]): boolean {
  return JSON.stringify(body).includes('"value":"prisma"')
}
