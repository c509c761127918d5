import { buildSchema, type GraphQLResolveInfo, graphqlSync } from 'graphql'
import { expect, test } from 'vitest'
import { queryCost } from '../../../src/api/query-cost.ts'

const schema = buildSchema(`
  type Item { id: ID, name: String, items(first: Int, last: Int): [Item!] }
  type Query { item: Item, items(first: Int): [Item!], nodes(ids: [ID!]!): [Item] }`)

/** Returns the cost of the only root field of the document. */
function costOf(source: string, variableValues: Record<string, unknown> = {}): number {
  let cost = NaN
  const fieldResolver = (_source: unknown, _args: unknown, _context: unknown, info: GraphQLResolveInfo) => {
    cost = queryCost(info)
    return null
  }
  expect(graphqlSync({ schema, source, variableValues, fieldResolver }).errors).toBeUndefined()
  return cost
}

const many = (count: number): string => Array.from({ length: count }, (_, index) => `f${index}: id`).join(' ')

test('the query of a usual screen costs a few units', () => {
  expect(costOf('{ item { id } }')).toBe(1)
  expect(costOf('{ items(first: 20) { id name items(first: 20) { id name } } }')).toBe(1)
  expect(costOf(`{ item { ${many(60)} } }`)).toBe(3)
})

test('the cost grows with the length of a page, from the document or from a variable', () => {
  const nested = `items(last: 100) { ${many(20)} }`
  expect(costOf(`{ items(first: 100) { ${nested} } }`)).toBe(21)
  const byVariable = `query ($n: Int) { items(first: $n) { ${nested} } }`
  expect(costOf(byVariable, { n: 100 })).toBe(21)
  expect(costOf(byVariable, { n: 1_000_000 })).toBe(102)
  expect(costOf(byVariable)).toBe(5)
})

test('a fragment counts at each place where it is spread', () => {
  const fragment = `fragment F on Item { ${many(50)} }`
  expect(costOf(`{ item { ...F } } ${fragment}`)).toBe(3)
  expect(costOf(`{ item { ...F items { ...F ... on Item { ...F } } } } ${fragment}`)).toBe(7)
})

test('the cost grows with the length of a list of ids', () => {
  const query = `query ($ids: [ID!]!) { nodes(ids: $ids) { ${many(25)} } }`
  expect(costOf(query, { ids: ['1'] })).toBe(2)
  expect(costOf(query, { ids: Array.from({ length: 100 }, String) })).toBe(6)
})
