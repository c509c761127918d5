import { readFile } from 'node:fs/promises'
import { buildSchema } from 'graphql'
import { expect, test } from 'vitest'
import { deviationsFrom } from '../../../scripts/contract-rules.ts'
import { createSchema } from '../../../src/api/schema.ts'

const PROMISED = `
  interface Node { id: ID! }
  type User implements Node { id: ID!, "As others see it." name: String! }
  type Bot implements Node { id: ID! }
  union Author = User | Bot
  enum Role { "May do everything." OWNER MEMBER }
  input Filter { role: Role = MEMBER }
  type Query { users(filter: Filter, first: Int = 20): [User!]!, author: Author, limit: Int! }
  scalar Instant`

const promised = buildSchema(PROMISED)
/** What is found when one thing is otherwise. */
const after = (text: string, instead: string): readonly string[] => {
  expect(PROMISED).toContain(text)
  return deviationsFrom(promised, buildSchema(PROMISED.replace(text, instead)))
}

test('the API holds all that client developers were promised', async () => {
  const text = await readFile(new URL('promised.graphql', import.meta.url), 'utf8')
  expect(deviationsFrom(buildSchema(text), createSchema())).toEqual([])
})

test('what is as promised, or more, is fine', () => {
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
  ['a type', 'scalar Instant', '', 'Instant'],
  ['a kind of type', 'scalar Instant', 'type Instant { at: Int! }', 'Instant'],
  ['a field', ', author: Author', '', 'Query.author'],
  ['an argument', ', first: Int = 20', '', 'Query.users'],
  ['a field of an input', 'role: Role = MEMBER', 'name: String', 'Filter.role'],
  ['a value', 'OWNER', '', 'OWNER'],
  ['a member of a union', ' | Bot', '', 'Bot'],
  ['an interface', 'Bot implements Node', 'Bot', 'Node'],
] as const)('%s that is gone is found', ([, text, instead, place]) => {
  expect(after(text, instead)).toEqual([expect.stringContaining(place)])
})

test.for([
  ['a field may be null now', 'name: String!', 'name: String', 'User.name is String'],
  ['a field is never null now', 'author: Author', 'author: Author!', 'Query.author is Author!'],
  ['a list may hold nulls now', '[User!]!', '[User]!', 'Query.users is [User]!'],
  ['an argument is of another type', 'first: Int = 20', 'first: Float = 20', 'Query.users(first:) is Float'],
  ['another default', 'first: Int = 20', 'first: Int = 10', 'Query.users(first:) is Int = 10'],
  ['another default in an input', '= MEMBER', '= OWNER', 'Filter.role is Role = "OWNER"'],
  ['an argument more that is required', '(filter', '(after: ID!, filter', 'Query.users'],
  ['an input more that is required', '{ role', '{ name: String!, role', 'Filter'],
  ['another meaning of a field', 'As others see it.', 'As they see it.', 'User.name is described'],
  ['another meaning of a value', 'May do everything.', 'May do much.', 'Role.OWNER is described'],
] as const)('%s: that is found', ([, text, instead, place]) => {
  expect(after(text, instead)).toEqual([expect.stringContaining(place)])
})
