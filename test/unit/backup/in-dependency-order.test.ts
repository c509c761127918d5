import { expect, test } from 'vitest'
import { type Dependent, inDependencyOrder } from '../../../src/backup/in-dependency-order.ts'

function thing(name: string, ...refersTo: string[]): Dependent {
  return { name, refersTo }
}

function order(...things: readonly Dependent[]): readonly string[] {
  return inDependencyOrder(things).map(({ name }) => name)
}

test('whatever is referred to comes first; equals stay in their order', () => {
  expect(order(thing('a', 'c'), thing('b'), thing('c', 'd'), thing('d'))).toEqual(['b', 'd', 'c', 'a'])
})

test('a reference to what is not there counts for nothing', () => {
  expect(order(thing('a', 'elsewhere'))).toEqual(['a'])
})

test('a circle is told instead of gone round', () => {
  expect(() => order(thing('a', 'b'), thing('b', 'a'), thing('c'))).toThrow('in a circle: a, b')
})
