import { cruise, type ICruiseResult, type IForbiddenRuleType } from 'dependency-cruiser'
import { readSources } from './sources.ts'
import { teachUsingToSwc } from './swc-using.ts'

/** An import that breaks a rule. `from` and `to` are paths below the root, or package names. */
export type Violation = Readonly<{ rule: string; from: string; to: string; why: string }>

/**
 * The rooms of `src` from the top down. A room imports only itself and rooms below it. If a room's sub-rooms
 * are listed, the room's own name stands for the files directly in it.
 */
export const ROOM_ORDER = [
  'cli',
  'main.ts',
  'parley.ts',
  'composition',
  'demo',
  'transport',
  'transport/health',
  'transport/websocket',
  'transport/http',
  'transport/pipeline',
  'transport/outgoing',
  'server-api',
  'api',
  'delivery',
  'gateway',
  'sessions',
  'presence',
  'import',
  'followers/push',
  'followers/webhooks',
  'followers',
  'receipts',
  'groups',
  'messages',
  'media',
  'users',
  'auth',
  'keys',
  'chats',
  'overload',
  'quotas',
  'backup',
  'bus',
  'events',
  'store',
  'store/embedded',
  'store/migrations',
  'store/replicas',
  'store/failover',
  'store/sql',
  'store/generated',
  'redis',
  'telemetry',
  'config',
  'errors.ts',
  'lib',
  'ids.ts',
] as const

type Room = (typeof ROOM_ORDER)[number]

// A package resolves to a path below node_modules, or to its bare name if it is not installed.
const PACKAGE = '(^|/node_modules/|^node_modules/)'
const WIRE = `${PACKAGE}(graphql|graphql-yoga|graphql-ws|ws|@pothos/[^/]+|@graphql-yoga/[^/]+|http|https|http2)(/|$)`
const DATABASE = [`${PACKAGE}(pg|pg-copy-streams|@prisma/[^/]+)(/|$)`, '^src/store/generated/']

const STORES = ['^src/(store|backup)/', '-store\\.ts$']

const ALL_ROOMS = ROOM_ORDER.map(pathsOf)

const DATABASE_IN_STORES = 'Only store, backup and *-store.ts know the database driver and Prisma.'

const RULES: readonly IForbiddenRuleType[] = [
  ...ROOM_ORDER.map(onlyDownwards).filter((rule) => rule !== undefined),
  {
    name: 'room-in-order',
    comment: 'Each file belongs to a room whose place is known. Add a new room to ROOM_ORDER.',
    severity: 'error',
    from: { path: '^src/', pathNot: ALL_ROOMS },
    to: {},
  },
  {
    name: 'no-cycles',
    comment: 'Files do not import each other in a circle. Move what both need into a third file.',
    severity: 'error',
    from: { path: '^src/' },
    to: { circular: true },
  },
  {
    name: 'src-is-complete',
    comment: 'src imports nothing from the folders beside it.',
    severity: 'error',
    from: { path: '^src/' },
    to: { pathNot: ['^src/', 'node_modules/'], dependencyTypes: ['local', 'localmodule'] },
  },
  {
    name: 'lib-is-generic',
    comment: 'lib imports nothing of Parley but lib.',
    severity: 'error',
    from: { path: '^src/lib/' },
    to: { path: '^src/', pathNot: '^src/lib/' },
  },
  {
    name: 'stores-are-private',
    comment: "A room's stores are its own. Other rooms use its service; composition hands stores out.",
    severity: 'error',
    from: { path: '^src/([^/]+)', pathNot: '^src/composition/' },
    to: { path: '-store\\.ts$', pathNot: '^src/$1/' },
  },
  {
    name: 'api-types-are-private',
    comment: 'The GraphQL types are part of the schema that api builds. Import what api exports.',
    severity: 'error',
    from: { path: '^src/', pathNot: '^src/api/' },
    to: { path: '^src/api/types/' },
  },
  {
    name: 'wire-stays-outside',
    comment: 'Only transport and the two APIs know HTTP, WebSocket and GraphQL packages.',
    severity: 'error',
    from: { path: '^src/', pathNot: '^src/(transport|api|server-api)/' },
    to: { path: WIRE },
  },
  {
    name: 'database-stays-in-stores',
    comment: DATABASE_IN_STORES,
    severity: 'error',
    from: { path: '^src/', pathNot: STORES },
    to: { path: DATABASE },
  },
  {
    name: 'backup-copies-tables',
    comment: 'backup copies tables without knowing what they mean. It imports only store and lib.',
    severity: 'error',
    from: { path: '^src/backup/' },
    to: { path: '^src/', pathNot: '^src/(backup|store|lib)/' },
  },
  {
    name: 'backup-is-for-operators',
    comment: 'Only the command line makes and restores backups.',
    severity: 'error',
    from: { path: '^src/', pathNot: '^src/(backup|cli)/' },
    to: { path: '^src/backup/' },
  },
  {
    name: 'composition-is-the-root',
    comment: 'Only parley.ts and main.ts use composition. Other rooms receive what they need.',
    severity: 'error',
    from: { path: '^src/', pathNot: '^src/(composition/|parley\\.ts$|main\\.ts$)' },
    to: { path: '^src/composition/' },
  },
  {
    name: 'no-index-files',
    comment: 'No barrels. Import a name from the file that declares it.',
    severity: 'error',
    from: { path: '^src/' },
    to: { path: '^src/.*\\bindex\\.ts$' },
  },
]

const NO_RE_EXPORTS = {
  rule: 'no-re-exports',
  why: 'No barrels. Import a name from the file that declares it.',
}

const PRISMA_IN_STORES = { rule: 'database-stays-in-stores', why: DATABASE_IN_STORES }

/**
 * Returns all imports below `root`/src that break a rule, and all uses of Prisma through an object that is passed in.
 * Imports of types count like others.
 */
export async function findViolations(root: string): Promise<readonly Violation[]> {
  teachUsingToSwc()
  const { output } = await cruise(['src'], {
    baseDir: root,
    // The TypeScript 7 package has no JavaScript API that dependency-cruiser could use.
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: ['node_modules', '^src/store/generated/'] },
    validate: true,
    ruleSet: { forbidden: [...RULES] },
  })
  const { summary } = output as ICruiseResult
  const sources = await readSources(root)
  const isStore = (file: string): boolean => STORES.some((pattern) => new RegExp(pattern).test(file))
  const reExports = sources.flatMap(({ file: from, reExported }) =>
    reExported.map((to) => ({ from, to, ...NO_RE_EXPORTS })),
  )
  const uses = sources
    .filter(({ file, usesPrisma }) => usesPrisma && !isStore(file))
    .map(({ file: from }) => ({ from, to: 'Transaction.prisma', ...PRISMA_IN_STORES }))
  const imports = summary.violations.map(({ rule, from, to, cycle }) => ({
    rule: rule.name,
    from,
    to: cycle === undefined ? to : cycle.map(({ name }) => name).join(' → '),
    why: RULES.find(({ name }) => name === rule.name)?.comment ?? '',
  }))
  return [...imports, ...reExports, ...uses]
}

/** Undefined for the room at the top, which may import all others. */
function onlyDownwards(room: Room, index: number): IForbiddenRuleType | undefined {
  if (index === 0) return undefined
  return {
    name: `order-${room}`,
    comment: `A room imports only rooms below it. ROOM_ORDER in scripts/import-rules.ts lists them from the top down.`,
    severity: 'error',
    from: { path: pathsOf(room) },
    to: { path: ROOM_ORDER.slice(0, index).map(pathsOf) },
  }
}

function pathsOf(room: Room): string {
  if (room.endsWith('.ts')) return `^src/${room.replace('.', '\\.')}$`
  const hasSubRooms = ROOM_ORDER.some((other) => other.startsWith(`${room}/`))
  return hasSubRooms ? `^src/${room}/[^/]+$` : `^src/${room}/`
}
