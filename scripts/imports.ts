import { posix } from 'node:path'

/** Source files by their path below `src`, such as `chats/chats.ts`. */
export type Tree = ReadonlyMap<string, string>

/** One import statement, `import()` or re-export. */
export type Import = Readonly<{
  /** The importing file. */
  file: string
  line: number
  /** Another file of the tree, or else the specifier as it is written. */
  target: string
  isOurs: boolean
  /** Gone when types are stripped. */
  isType: boolean
  /** Happens when it is run, not when the file is loaded. */
  isDynamic: boolean
  /** `export … from`, which passes things on. */
  isReexport: boolean
  /** The names in the exporting file and here; none of them for `* as` and defaults. */
  names: readonly Readonly<{ exported: string; local: string }>[]
}>

// Prettier puts each statement at the beginning of a line, in one of few shapes; so a pattern does, and needs no
// parser. What it must not do is run on from one statement into the next: hence the exact shape of the clause.
const CLAUSE = String.raw`\*(?:\s+as\s+\w+)?|(?:\w+\s*,\s*)?\{[^}]*\}|\w+`
const STATIC = new RegExp(String.raw`^(import|export)\s+(type\s+)?(?:(${CLAUSE})\s+from\s+)?'([^']+)'`, 'gm')
const DYNAMIC = /\bimport\(\s*'([^']+)'\s*\)/g

/** All imports of a file. */
export function importsOf(file: string, text: string): readonly Import[] {
  const fixed = [...text.matchAll(STATIC)].map((match): Import => {
    const [, keyword, type, clause = '', specifier = ''] = match
    const flags = { isType: type !== undefined, isDynamic: false, isReexport: keyword === 'export' }
    return { ...place(file, text, match.index, specifier), ...flags, names: namesIn(clause) }
  })
  const dynamic = [...text.matchAll(DYNAMIC)].map((match): Import => {
    const flags = { isType: false, isDynamic: true, isReexport: false }
    return { ...place(file, text, match.index, match[1] ?? ''), ...flags, names: [] }
  })
  return [...fixed, ...dynamic]
}

function place(
  file: string,
  text: string,
  index: number,
  specifier: string,
): Pick<Import, 'file' | 'line' | 'target' | 'isOurs'> {
  const isOurs = specifier.startsWith('.')
  const target = isOurs ? posix.join(posix.dirname(file), specifier) : specifier
  return { file, line: text.slice(0, index).split('\n').length, target, isOurs }
}

function namesIn(clause: string): Import['names'] {
  const list = /\{([^}]*)\}/.exec(clause)?.[1] ?? ''
  const names = list.split(',').map((name) => name.trim().replace(/^type\s+/, ''))
  return names
    .filter((name) => name !== '')
    .map((name) => {
      const [exported = name, local = exported] = name.split(/\s+as\s+/)
      return { exported, local }
    })
}
