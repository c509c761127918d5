import { type Import, importsOf, type Tree } from './imports.ts'
import { cyclesIn } from './import-cycles.ts'

/** A line of code that breaks a rule. */
export type Violation = Readonly<{ file: string; line: number; rule: string; found: string }>

/** A rule about single imports: what it says, and whether one breaks it. */
type Rule = Readonly<{ says: string; isBrokenBy: (imported: Import, tree: Tree) => boolean }>

const DOMAINS = [
  'users',
  'chats',
  'groups',
  'messages',
  'receipts',
  'typing',
  'presence',
  'media',
  'auth',
  'gateway',
  'delivery',
  'load',
]
/** Where instances are put together and programs begin. */
const ROOTS = ['parley.ts', 'main.ts', 'cli.ts']
/** The rooms' parts are put together here. */
const COMPOSITION = 'composition'

const WIRE =
  /^(graphql|graphql-yoga|graphql-ws|ws|@pothos\/.+|@graphql-yoga\/.+|(node:)?(http|https|http2))(\/.*)?$/
const DATABASE = /^(pg|pg-copy-streams|@prisma\/.+)(\/.*)?$/

export const RULES: readonly Rule[] = [
  {
    says: 'What runs is in src: it imports nothing from the folders beside it.',
    isBrokenBy: ({ target, isOurs }) => isOurs && target.startsWith('..'),
  },
  {
    says: 'lib knows nothing of Parley: it imports nothing of ours but lib.',
    isBrokenBy: ({ file, target, isOurs }) => isOurs && roomOf(file) === 'lib' && roomOf(target) !== 'lib',
  },
  {
    says: "A domain's store and schema are its own: others import its service. (composition/ hands stores out, graphql/ collects schemas.)",
    isBrokenBy: ({ file, target, isOurs }) => isOurs && isPrivate(target) && !mayUsePrivate(file, target),
  },
  {
    says: 'Only parley.ts and composition/ construct: what another room creates comes in as a dependency.',
    isBrokenBy: (imported, tree) =>
      isForeignValue(imported) && !isRoot(imported.file) && constructs(imported, tree),
  },
  {
    says: 'Only transport/, graphql/ and the schemas know HTTP, WebSocket and GraphQL.',
    isBrokenBy: ({ file, target, isOurs }) =>
      !isOurs && WIRE.test(target) && !/^(transport|graphql)\/|(^|\/)schema\.ts$/.test(file),
  },
  {
    says: 'Only store/, backup/, the stores and messages/message-log.ts know the database.',
    isBrokenBy: (imported) =>
      isDatabase(imported) &&
      !/^(store|backup)\/|-store\.ts$|^messages\/message-log\.ts$/.test(imported.file),
  },
  {
    says: 'backup/ copies tables, whatever is in them: of ours it knows store/ and lib/, and only cli/ knows it.',
    isBrokenBy: ({ file, target, isOurs }) =>
      isOurs &&
      ((roomOf(file) === 'backup' && !['backup', 'store', 'lib'].includes(roomOf(target))) ||
        (roomOf(target) === 'backup' && !['backup', 'cli'].includes(roomOf(file)))),
  },
  {
    says: 'No barrels: a thing is imported from the file that it is in.',
    isBrokenBy: ({ target, isOurs, isReexport }) => isOurs && (isReexport || /(^|\/)index\.ts$/.test(target)),
  },
]

const NO_CYCLES = 'No cycles: of two files that need each other, the part that both need is a third one.'

/** Every violation in the tree, in the order of files and lines. */
export function violationsIn(tree: Tree): readonly Violation[] {
  const imports = [...tree].flatMap(([file, text]) => importsOf(file, text))
  const broken = imports.flatMap((imported) =>
    RULES.filter((rule) => rule.isBrokenBy(imported, tree)).map(({ says }) =>
      violation(imported, says, imported.target),
    ),
  )
  const cycles = cyclesIn(imports).map(([closing, path]) => violation(closing, NO_CYCLES, path.join(' → ')))
  return [...broken, ...cycles].sort((a, b) => a.file.localeCompare(b.file) || a.line - b.line)
}

function violation({ file, line }: Import, rule: string, found: string): Violation {
  return { file, line, rule, found }
}

/** The folder of src that a file is in; empty for the files beside the folders. */
function roomOf(file: string): string {
  return file.includes('/') ? file.slice(0, file.indexOf('/')) : ''
}

function isRoot(file: string): boolean {
  return ROOTS.includes(file) || ['cli', COMPOSITION].includes(roomOf(file))
}

function isPrivate(target: string): boolean {
  return DOMAINS.includes(roomOf(target)) && /(-store|\/schema)\.ts$/.test(target)
}

function mayUsePrivate(file: string, target: string): boolean {
  const collectsSchemas = roomOf(file) === 'graphql' && target.endsWith('/schema.ts')
  return roomOf(file) === roomOf(target) || roomOf(file) === COMPOSITION || collectsSchemas
}

function isForeignValue({ file, target, isOurs, isType }: Import): boolean {
  return isOurs && !isType && roomOf(target) !== roomOf(file) && !['', 'lib'].includes(roomOf(target))
}

/** By name: `createX` is called where it is imported. By use: `new X`, unless it is an error to be thrown. */
function constructs({ file, names }: Import, tree: Tree): boolean {
  const text = tree.get(file) ?? ''
  return names.some(
    ({ exported, local }) =>
      /^create[A-Z]/.test(exported) ||
      (!exported.endsWith('Error') && new RegExp(String.raw`\bnew ${local}\b`).test(text)),
  )
}

function isDatabase({ target, isOurs }: Import): boolean {
  return (!isOurs && DATABASE.test(target)) || target.startsWith('store/generated/')
}
