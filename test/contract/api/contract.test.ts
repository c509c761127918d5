import { readFile } from 'node:fs/promises'
import { buildSchema, parse } from 'graphql'
import { expect, test } from 'vitest'
import { deviationsFrom, NOT_BUILT, promisedSchema } from '../../../scripts/contract-rules.ts'
import { createSchema } from '../../../src/api/schema.ts'

const PROMISED = `
  interface Node { id: ID! }
  type User implements Node { id: ID!, "As others see it." name: String! }
  type Bot implements Node { id: ID! }
  union Author = User | Bot
  enum Role { "May do everything." OWNER MEMBER }
  input Filter { role: Role = MEMBER }
  type Query { users(filter: Filter, first: Int = 20): [User!]!, author: Author, limit: Int! }
  scalar Instant @specifiedBy(url: "https://example.com/instant")`

const INSTANT = 'scalar Instant @specifiedBy(url: "https://example.com/instant")'

const promised = buildSchema(PROMISED)
/** Replaces one piece of the schema. Returns the deviations from the promised one. */
const after = (text: string, instead: string): readonly string[] => {
  expect(PROMISED).toContain(text)
  return deviationsFrom(promised, buildSchema(PROMISED.replace(text, instead)))
}

test('the API keeps everything that was promised to client developers', async () => {
  const text = await readFile(new URL('promised.graphql', import.meta.url), 'utf8')
  expect(deviationsFrom(promisedSchema(parse(text)), createSchema(), NOT_BUILT)).toEqual([])
})

test('accepts that a listed element is not built yet, and nothing else', () => {
  const smaller = PROMISED.replace(', limit: Int!', '').replace(INSTANT, '')
  const rest = promisedSchema(parse(PROMISED), ['Query.limit'])
  expect(deviationsFrom(rest, buildSchema(smaller), ['Query.limit'])).toEqual([
    expect.stringContaining('Instant'),
  ])
  expect(deviationsFrom(rest, promised, ['Query.limit'])).toEqual([expect.stringContaining('exists now')])
  expect(() => promisedSchema(parse(PROMISED), ['Query.limits'])).toThrow('Query.limits is not promised')
})

test('accepts a schema that is as promised or adds to it', () => {
  expect(after('', '')).toEqual([])
  expect(after('type Bot', 'type Cat { id: ID! } type Bot')).toEqual([])
  expect(after('author: Author', 'author: Author, cats(first: Int!): Int')).toEqual([])
  expect(after('first: Int = 20', 'first: Int = 20, last: Int')).toEqual([])
  expect(after('{ role: Role', '{ name: String, role: Role')).toEqual([])
  expect(after('= User', '= Query | User')).toEqual([])
  expect(after('OWNER', 'OWNER ADMIN')).toEqual([])
  expect(after('interface Node', '"Described now." interface Node')).toEqual([])
})

test.for([
  ['a type', INSTANT, '', 'Instant'],
  ['a kind of type', INSTANT, 'type Instant { at: Int! }', 'Instant'],
  ['a field', ', author: Author', '', 'Query.author'],
  ['an argument', ', first: Int = 20', '', 'Query.users'],
  ['an input field', 'role: Role = MEMBER', 'name: String', 'Filter.role'],
  ['an enum value', 'OWNER', '', 'OWNER'],
  ['a member of a union', ' | Bot', '', 'Bot'],
  ['an interface', 'Bot implements Node', 'Bot', 'Node'],
] as const)('finds %s that is missing', ([, text, instead, place]) => {
  expect(after(text, instead)).toEqual([expect.stringContaining(place)])
})

test.for([
  [
    'a scalar has another specification',
    'com/instant',
    'com/time',
    'Instant is a scalar by https://example.com/time',
  ],
  ['a field becomes nullable', 'name: String!', 'name: String', 'User.name is String'],
  ['a field becomes non-null', 'author: Author', 'author: Author!', 'Query.author is Author!'],
  ['items of a list become nullable', '[User!]!', '[User]!', 'Query.users is [User]!'],
  ['an argument has another type', 'first: Int = 20', 'first: Float = 20', 'Query.users(first:) is Float'],
  [
    'an argument has another default',
    'first: Int = 20',
    'first: Int = 10',
    'Query.users(first:) is Int = 10',
  ],
  ['an input field has another default', '= MEMBER', '= OWNER', 'Filter.role is Role = "OWNER"'],
  ['a required argument is added', '(filter', '(after: ID!, filter', 'Query.users'],
  ['a required input field is added', '{ role', '{ name: String!, role', 'Filter'],
  ['a field has another description', 'As others see it.', 'As they see it.', 'User.name is described'],
  ['an enum value has another description', 'May do everything.', 'May do much.', 'Role.OWNER is described'],
] as const)('finds a change: %s', ([, text, instead, place]) => {
  expect(after(text, instead)).toEqual([expect.stringContaining(place)])
})
