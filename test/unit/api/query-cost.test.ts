import { buildSchema, type GraphQLResolveInfo, graphqlSync } from 'graphql'
import { expect, test } from 'vitest'
import { type QueryCost, queryCost } from '../../../src/api/query-cost.ts'

const schema = buildSchema(`
  interface Node { id: ID }
  type Item implements Node {
    id: ID, name: String, labels: [Label!], events(first: Int): [Event!]
    items(first: Int, last: Int): ItemConnection
  }
  type Label { text: String }
  type Event { at: String }
  type Box implements Node { id: ID, size: Int, weight: Int }
  type ItemConnection { edges: [ItemEdge], count: Int }
  type ItemEdge { node: Item }
  type Message { id: ID, status: String, reactions: [Reaction!] }
  type Reaction { users: [Item!] }
  type MessageConnection { edges: [MessageEdge] }
  type MessageEdge { node: Message }
  type Chat { messages(first: Int): MessageConnection, events(first: Int): [Event!] }
  type Query { chat: Chat, item: Item, items(first: Int): ItemConnection, nodes(ids: [ID!]!): [Node] }`)

/** Returns the cost of the only root field of the document. */
function fullCostOf(source: string, variableValues: Record<string, unknown> = {}): QueryCost {
  let cost: QueryCost = { fields: NaN, units: NaN }
  const fieldResolver = (_source: unknown, _args: unknown, _context: unknown, info: GraphQLResolveInfo) => {
    cost = queryCost(info)
    return null
  }
  expect(graphqlSync({ schema, source, variableValues, fieldResolver }).errors).toBeUndefined()
  return cost
}

const costOf = (source: string, variableValues?: Record<string, unknown>): number =>
  fullCostOf(source, variableValues).units

const many = (count: number): string => Array.from({ length: count }, (_, index) => `f${index}: id`).join(' ')
const page = (length: string, fields: string): string => `items${length} { edges { node { ${fields} } } }`

test('a small query costs one unit, and 500 fields cost one', () => {
  expect(costOf('{ item { id } }')).toBe(1)
  expect(costOf(`{ item { ${many(499)} } }`)).toBe(1)
  expect(costOf(`{ item { ${many(500)} } }`)).toBe(2)
})

test('a page costs what its length allows, from the document, a variable or the default', () => {
  expect(costOf(`{ ${page('(first: 100)', many(48))} }`)).toBe(11)
  const byVariable = `query ($n: Int) { ${page('(first: $n)', many(48))} }`
  expect(costOf(byVariable, { n: 100 })).toBe(11)
  expect(costOf(byVariable, { n: 1_000_000 })).toBe(11)
  expect(costOf(byVariable)).toBe(3)
  expect(costOf(`{ ${page('', many(48))} }`)).toBe(3)
})

test('pages within pages multiply, also by default', () => {
  expect(costOf(`{ ${page('', page('', many(20)))} }`)).toBe(18)
  expect(costOf(`{ ${page('(first: 100)', page('(last: 30)', many(20)))} }`)).toBe(133)
})

test('four pages within each other are half a million fields', () => {
  expect(costOf(`{ ${page('', page('', page('', page('', 'id'))))} }`)).toBe(1_011)
})

test('a list with an argument for its length has the greatest length by default', () => {
  expect(costOf('{ item { events { at } } }')).toBe(2)
  expect(costOf('{ item { events(first: 10) { at } } }')).toBe(1)
  expect(costOf('{ item { labels { text } } }')).toBe(1)
})

test('a fragment counts at each place where it is spread', () => {
  const fragment = `fragment F on Item { ${many(300)} }`
  expect(costOf(`{ item { ...F } } ${fragment}`)).toBe(1)
  expect(costOf(`{ item { ...F ... on Item { ...F } } } ${fragment}`)).toBe(2)
})

test('of the types that an object may have, the most expensive one counts', () => {
  const query = `query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on Item { ${many(9)} } ... on Box { size weight } } }`
  expect(costOf(query, { ids: ['1'] })).toBe(1)
  expect(costOf(query, { ids: Array.from({ length: 100 }, String) })).toBe(5)
})

test('a field that reads more than it returns has a higher price, and counts once among the returned fields', () => {
  const messages = (fields: string): string =>
    `{ chat { messages(first: 100) { edges { node { ${fields} } } } } }`
  expect(fullCostOf(messages('id'))).toEqual({ fields: 302, units: 1 })
  expect(fullCostOf(messages('status'))).toEqual({ fields: 302, units: 2 })
  expect(fullCostOf(messages('reactions { users { id } }'))).toEqual({ fields: 902, units: 6 })
  expect(fullCostOf('{ chat { events(first: 500) { at } } }')).toEqual({ fields: 502, units: 4 })
})

test('nodes are priced by their ids, also if nothing is selected of them', () => {
  const ids = Array.from({ length: 100 }, String)
  expect(fullCostOf('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids })).toEqual({
    fields: 101,
    units: 3,
  })
  expect(fullCostOf(`{ nodes(ids: ${JSON.stringify(ids)}) { id } }`)).toEqual({ fields: 101, units: 3 })
})
