import { mkdir, mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { findViolations, ROOM_ORDER } from '../../../scripts/import-rules.ts'

type Files = Readonly<Record<string, string>>

/** Writes the files below a temporary root and returns what breaks a rule there, as `rule: from → to`. */
async function violationsOf(files: Files): Promise<readonly string[]> {
  await using folder = await mkdtempDisposable(path.join(tmpdir(), 'parley-imports-'))
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder.path, name)
    await mkdir(path.dirname(file), { recursive: true })
    await writeFile(file, text)
  }
  const violations = await findViolations(folder.path)
  return violations.map(({ rule, from, to }) => `${rule}: ${from} → ${to}`).sort()
}

const EMPTY = 'export {}'

/** A file and one that it imports. */
function importing(from: string, to: string): Files {
  return { [from]: importLine(from, to), [to]: EMPTY }
}

function importLine(from: string, to: string): string {
  const relative = path.posix.relative(path.posix.dirname(from), to)
  return `import '${relative.startsWith('.') ? relative : `./${relative}`}'`
}

test('accepts imports that keep all rules', async () => {
  const files = {
    'src/cli/backup.ts': "import '../backup/back-up.ts'\nexport const later = () => import('../main.ts')",
    'src/main.ts':
      "import './parley.ts'\nimport type { X } from './composition/domains.ts'\nexport type Y = X",
    'src/parley.ts': "import './composition/domains.ts'",
    'src/composition/domains.ts':
      "import '../chats/chat-store.ts'\nimport '../api/schema.ts'\nexport type X = 1",
    'src/transport/http/yoga.ts': "import ws from 'ws'\nimport 'node:http'\nimport '../../api/schema.ts'",
    'src/api/schema.ts': "import 'graphql'\nimport './types/chats.ts'",
    'src/api/types/chats.ts': "import '../../chats/chats.ts'",
    'src/chats/chats.ts': "import './chat-store.ts'\nimport '../lib/clock.ts'",
    'src/chats/chat-store.ts': "import pg from 'pg'\nimport '../store/database.ts'",
    'src/messages/append-store.ts': "import pg from 'pg'\nexport const x = (tx) => tx.prisma.chat",
    'src/backup/back-up.ts': "import pg from 'pg'\nimport '../store/database.ts'\nimport '../lib/clock.ts'",
    'src/store/database.ts': "import './sql/writer.ts'",
    'src/store/sql/writer.ts': "import '@prisma/client'\nimport '../generated/client.ts'",
    'src/store/generated/client.ts': EMPTY,
    'src/lib/clock.ts': EMPTY,
  }
  expect(await violationsOf(files)).toEqual([])
})

const fileOf = (room: string): string => (room.endsWith('.ts') ? `src/${room}` : `src/${room}/a.ts`)

test('reports every import of a room in a room below it', async () => {
  const pairs = ROOM_ORDER.flatMap((above, index) =>
    ROOM_ORDER.slice(index + 1).map((below) => ({ above, below, from: fileOf(below), to: fileOf(above) })),
  ).filter(({ below }) => below !== 'store/generated')
  const imports = Map.groupBy(pairs, ({ from }) => from)
  const files = ROOM_ORDER.map((room): [string, string] => {
    const lines = (imports.get(fileOf(room)) ?? []).map(({ from, to }) => importLine(from, to))
    return [fileOf(room), [...lines, EMPTY].join('\n')]
  })
  const found = await violationsOf(Object.fromEntries(files))
  expect(found.filter((line) => line.startsWith('order-'))).toEqual(
    pairs.map(({ below, from, to }) => `order-${below}: ${from} → ${to}`).sort(),
  )
})

test('reports each import that breaks a rule about single rooms', async () => {
  const broken: readonly (readonly [rule: string, from: string, to: string])[] = [
    ['room-in-order', 'src/new-room/a.ts', 'src/lib/b.ts'],
    ['room-in-order', 'src/store/new-room/a.ts', 'src/store/new-room/b.ts'],
    ['src-is-complete', 'src/chats/a.ts', 'test/harness/b.ts'],
    ['src-is-complete', 'src/chats/b.ts', 'scripts/b.ts'],
    ['lib-is-generic', 'src/lib/c.ts', 'src/ids.ts'],
    ['backup-copies-tables', 'src/backup/c.ts', 'src/events/b.ts'],
    ['stores-are-private', 'src/messages/a.ts', 'src/chats/chat-store.ts'],
    ['stores-are-private', 'src/transport/http/a.ts', 'src/presence/store/redis-store.ts'],
    ['stores-are-private', 'src/main.ts', 'src/users/user-store.ts'],
    ['api-types-are-private', 'src/transport/a.ts', 'src/api/types/chats.ts'],
    ['backup-is-for-operators', 'src/delivery/a.ts', 'src/backup/b.ts'],
    ['composition-is-the-root', 'src/cli/a.ts', 'src/composition/b.ts'],
    ['database-stays-in-stores', 'src/chats/c.ts', 'src/store/generated/client.ts'],
    ['no-index-files', 'src/chats/d.ts', 'src/chats/index.ts'],
  ]
  const files = broken.map(([, from, to]) => importing(from, to))
  expect(await violationsOf(Object.assign({}, ...files) as Files)).toEqual(
    broken.map(([rule, from, to]) => `${rule}: ${from} → ${to}`).sort(),
  )
})

test('reports domains that import packages of the wire and of the database', async () => {
  const wire = [
    'graphql',
    'graphql/language',
    'graphql-yoga',
    '@pothos/core',
    'ws',
    'node:http',
    'https',
    'node:http2',
  ]
  const lines = [...wire, 'pg', '@prisma/client', 'jose'].map((name) => `import '${name}'`)
  expect(await violationsOf({ 'src/chats/a.ts': lines.join('\n') })).toEqual(
    [
      ...wire.map((name) => `wire-stays-outside: src/chats/a.ts → ${name.replace('node:', '')}`),
      'database-stays-in-stores: src/chats/a.ts → pg',
      'database-stays-in-stores: src/chats/a.ts → @prisma/client',
    ].sort(),
  )
})

test('reports files that use Prisma through a transaction, outside stores', async () => {
  const text = 'export const f = (tx) => tx.prisma.chat.update({})'
  const files = { 'src/chats/a.ts': text, 'src/chats/a-store.ts': text, 'src/store/a.ts': text }
  expect(await violationsOf(files)).toEqual(['database-stays-in-stores: src/chats/a.ts → Transaction.prisma'])
})

test('reports re-exports', async () => {
  const files = {
    'src/chats/a.ts': "export { x } from './x.ts'",
    'src/chats/b.ts': "export * from './x.ts'",
    'src/chats/c.ts': "export type { x } from './x.ts'",
    'src/chats/d.ts': "import { y } from './x.ts'\nexport type { x } from './x.ts'\nexport const z = y",
    'src/chats/e.ts': "import type { x } from './x.ts'\nexport type { x }",
    'src/chats/x.ts': 'export const x = 1',
  }
  expect(await violationsOf(files)).toEqual(
    ['a', 'b', 'c', 'd', 'e'].map((name) => `no-re-exports: src/chats/${name}.ts → src/chats/x.ts`),
  )
})

test('reports files that import each other in a circle, with the way around', async () => {
  const files = {
    'src/chats/a.ts': "import './b.ts'",
    'src/chats/b.ts': "import type { X } from './c.ts'\nexport type Y = X",
    'src/chats/c.ts': "import './a.ts'\nexport type X = 1",
  }
  expect(await violationsOf(files)).toContain(
    'no-cycles: src/chats/a.ts → src/chats/b.ts → src/chats/c.ts → src/chats/a.ts',
  )
})

test('sees imports that happen at run time, and imports in a file with "using"', async () => {
  const files = {
    'src/chats/a.ts':
      "export async function f() {\n  await using x = await import('../gateway/b.ts')\n  return x\n}\n{ using y = null }",
    'src/gateway/b.ts': EMPTY,
  }
  expect(await violationsOf(files)).toEqual(['order-chats: src/chats/a.ts → src/gateway/b.ts'])
})

test('ignores imports in comments and strings', async () => {
  const text =
    "// import '../chats/b.ts'\n/**\n * import '../chats/b.ts'\n */\nexport const s = \"import 'ws'\""
  expect(await violationsOf({ 'src/lib/a.ts': text, 'src/chats/b.ts': EMPTY })).toEqual([])
})
