import { expect, test } from 'vitest'
import { violationsIn } from '../../../scripts/import-rules.ts'

/** What is said of a tree: file, line, and the beginning of the rule. */
function said(files: Readonly<Record<string, string>>): readonly string[] {
  return violationsIn(new Map(Object.entries(files))).map(
    ({ file, line, rule }) => `${file}:${line} ${rule.split(/[:.]/)[0] ?? ''}`,
  )
}

test('a house in order gives no cause for complaint', () => {
  const tree = {
    'lib/clock.ts': "import type { Brand } from './brand.ts'\nexport const createClock = () => 1",
    'errors.ts': 'export class ParleyError extends Error {}',
    'chats/chat-store.ts': "import type { Pool } from 'pg'\nimport type { Writer } from '../store/writer.ts'",
    'chats/chats.ts':
      "import { createClock } from '../lib/clock.ts'\nimport { ParleyError } from '../errors.ts'\nthrow new ParleyError()",
    'chats/schema.ts':
      "import { GraphQLError } from 'graphql'\nimport { builder } from '../graphql/builder.ts'",
    'messages/messages.ts':
      "import type { Chats } from '../chats/chats.ts'\nimport { isListed } from '../chats/chats.ts'",
    'messages/message-log.ts': "import pg from 'pg'",
    'graphql/schema.ts': "import '../chats/schema.ts'\nimport { printSchema } from 'graphql'",
    'graphql/context.ts': "import type { createHub } from '../gateway/hub.ts'",
    'graphql/masking.ts': "import { TokenError } from '../auth/token-error.ts'\nthrow new TokenError()",
    'gateway/hub.ts': 'export class Hub {}\nexport function createHub() { return new Hub() }',
    'store/writer.ts': "import { PrismaClient } from './generated/client.ts'\nimport pg from 'pg'",
    'transport/http.ts': "import { createServer } from 'node:http'\nimport ws from 'ws'",
    'cli/serve.ts': "import { createLogger } from '../telemetry/logger.ts'",
    'composition/domains.ts':
      "import { createHub, Hub } from '../gateway/hub.ts'\nimport { createChatStore } from '../chats/chat-store.ts'\nnew Hub()",
    'main.ts': "import { createParley } from './parley.ts'",
  }
  expect(said(tree)).toEqual([])
})

test.each([
  [
    'lib imports a domain',
    { 'lib/ring.ts': "import type { Chat } from '../chats/chat.ts'" },
    'lib/ring.ts:1 lib knows nothing of Parley',
  ],
  [
    'lib imports what lies beside it',
    { 'lib/ring.ts': "\nimport { x } from '../errors.ts'" },
    'lib/ring.ts:2 lib knows nothing of Parley',
  ],
  [
    "a domain imports another one's store",
    {
      'messages/a.ts':
        "import { createClock } from '../lib/clock.ts'\nimport type { Row } from '../chats/chat-store.ts'",
    },
    "messages/a.ts:2 A domain's store and schema are its own",
  ],
  [
    "a domain imports another one's schema",
    { 'auth/a.ts': "import { ChatRef } from '../chats/schema.ts'" },
    "auth/a.ts:1 A domain's store and schema are its own",
  ],
  [
    "transport imports a domain's store",
    { 'transport/a.ts': "import type { Row } from '../users/user-store.ts'" },
    "transport/a.ts:1 A domain's store and schema are its own",
  ],
  [
    'a room creates what another room has',
    { 'chats/a.ts': "import { type Hub, createHub } from '../gateway/hub.ts'" },
    'chats/a.ts:1 Only parley',
  ],
  [
    'an import over several lines creates',
    { 'chats/a.ts': "import {\n  type Hub,\n  createHub as make,\n} from '../gateway/hub.ts'" },
    'chats/a.ts:1 Only parley',
  ],
  [
    'a room makes an object of another room’s class',
    { 'chats/a.ts': "import { Hub as H } from '../gateway/hub.ts'\nexport const hub = new H()" },
    'chats/a.ts:1 Only parley',
  ],
  [
    'a domain knows GraphQL',
    { 'chats/chats.ts': "import type { GraphQLError } from 'graphql'" },
    'chats/chats.ts:1 Only transport/, graphql/ and the schemas know HTTP, WebSocket and GraphQL',
  ],
  [
    'a domain knows a part of GraphQL',
    { 'chats/chats.ts': "import { parse } from 'graphql/language'" },
    'chats/chats.ts:1 Only transport/, graphql/ and the schemas know HTTP, WebSocket and GraphQL',
  ],
  [
    'a domain knows WebSockets',
    { 'gateway/hub.ts': "import ws from 'ws'" },
    'gateway/hub.ts:1 Only transport/, graphql/ and the schemas know HTTP, WebSocket and GraphQL',
  ],
  [
    'a domain knows HTTP',
    { 'auth/jwks.ts': "import * as http from 'node:http'" },
    'auth/jwks.ts:1 Only transport/, graphql/ and the schemas know HTTP, WebSocket and GraphQL',
  ],
  [
    'a service knows the driver',
    { 'chats/chats.ts': "import pg from 'pg'" },
    'chats/chats.ts:1 Only store/, backup/, the stores and messages/message-log',
  ],
  [
    'a service knows the client',
    { 'chats/chats.ts': "import type { Chat } from '../store/generated/client.ts'" },
    'chats/chats.ts:1 Only store/, backup/, the stores and messages/message-log',
  ],
  [
    'a backup knows what a domain means by its tables',
    { 'backup/restore.ts': "import pg from 'pg'\nimport { MAX } from '../delivery/device-store.ts'" },
    "backup/restore.ts:2 A domain's store and schema are its own",
    'backup/restore.ts:2 backup/ copies tables, whatever is in them',
  ],
  [
    'a gateway makes backups',
    { 'delivery/a.ts': "import { backUp } from '../backup/back-up.ts'" },
    'delivery/a.ts:1 backup/ copies tables, whatever is in them',
  ],
  ['a file is a barrel', { 'chats/a.ts': "export { b } from './b.ts'" }, 'chats/a.ts:1 No barrels'],
  ['a file passes everything on', { 'chats/a.ts': "export * from './b.ts'" }, 'chats/a.ts:1 No barrels'],
  ['a barrel is used', { 'chats/a.ts': "import { b } from '../users/index.ts'" }, 'chats/a.ts:1 No barrels'],
  [
    'what runs needs a test',
    { 'chats/a.ts': "import { b } from '../../test/harness/b.ts'" },
    'chats/a.ts:1 What runs is in src',
  ],
  [
    'what runs needs a script, later',
    { 'chats/a.ts': "const { b } = await import('../../scripts/b.ts')" },
    'chats/a.ts:1 What runs is in src',
  ],
])('%s: that is told with file and line', (_, tree, ...lines) => {
  expect(said(tree)).toEqual(lines)
})

test('files that load each other in a circle are told once, with the way around', () => {
  const tree = new Map([
    ['a/a.ts', "import { b } from '../b/b.ts'"],
    ['b/b.ts', "import type { a } from '../a/a.ts'\nimport { c } from '../c/c.ts'"],
    ['c/c.ts', "import { a } from '../a/a.ts'"],
  ])
  expect(violationsIn(tree)).toEqual([
    {
      file: 'c/c.ts',
      line: 1,
      rule: expect.stringContaining('No cycles') as string,
      found: 'a/a.ts → b/b.ts → c/c.ts → a/a.ts',
    },
  ])
})

test('a circle of types, or one that is closed when it is run, is none', () => {
  expect(
    said({
      'a/a.ts': "import { b } from '../b/b.ts'\nimport { c } from '../c/c.ts'",
      'b/b.ts': "import type { a } from '../a/a.ts'",
      'c/c.ts': "export const later = async () => import('../a/a.ts')",
    }),
  ).toEqual([])
})

test('what stands in comments and texts is no import', () => {
  expect(
    said({
      'lib/a.ts':
        "// import { x } from '../errors.ts'\n/**\n * import { y } from '../ids.ts'\n */\nconst text = \"import 'ws'\"",
    }),
  ).toEqual([])
})
