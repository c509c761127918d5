import { expect, test } from 'vitest'
import { type Dependent, inDependencyOrder } from '../../../src/backup/catalogue.ts'

function thing(name: string, ...refersTo: string[]): Dependent {
  return { name, refersTo }
}

function order(...things: readonly Dependent[]): readonly string[] {
  return inDependencyOrder(things).map(({ name }) => name)
}

test('orders items after those that they refer to, and otherwise keeps their order', () => {
  expect(order(thing('a', 'c'), thing('b'), thing('c', 'd'), thing('d'))).toEqual(['b', 'd', 'c', 'a'])
})

test('ignores references to unknown items', () => {
  expect(order(thing('a', 'elsewhere'))).toEqual(['a'])
})

test('throws on a cycle', () => {
  expect(() => order(thing('a', 'b'), thing('b', 'a'), thing('c'))).toThrow('Cyclic references: a, b')
})
