import { buildSchema, graphql, type GraphQLSchema } from 'graphql'
import { expect, test } from 'vitest'
import type { Context } from '../../../src/api/context.ts'
import { createPace, type Pace, sliceLists, turnFor } from '../../../src/api/pace.ts'
import { createTurnQueue } from '../../../src/lib/turn-queue.ts'

/** Counts the names that are resolved before the first turn of the queue, and in each turn. */
class World {
  readonly turns: number[] = [0]
  readonly askers: (string | undefined)[] = []
  readonly schema: GraphQLSchema
  readonly pace: Pace

  constructor() {
    const queue = createTurnQueue(() => 0)
    this.pace = createPace({
      turn: async (name) => {
        this.askers.push(name)
        await queue.turn(name)
        this.turns.push(0)
      },
    })
    this.schema = sliceLists(
      buildSchema('type Query { nodes(ids: [ID!]!): [Item!]! } type Item { name: String! }'),
    )
  }

  /** Queries lists of a hundred items, whose root fields have this price. */
  async query(units: number, lists: number, deadlineAt = Infinity) {
    const context = { deadline: { at: deadlineAt }, session: { viewer: { userId: 'user_alice' } } } as Context
    const names = Array.from({ length: 40 }, (_, index) => `n${index}: name`).join(' ')
    const fields = Array.from({ length: lists }, (_, index) => `l${index}: nodes(ids: []) { ${names} }`)
    const item = { name: () => this.#count() }
    const nodes = (): unknown => this.pace.run(context, units, () => Array.from({ length: 100 }, () => item))
    const result = await graphql({
      schema: this.schema,
      source: `{ ${fields.join(' ')} }`,
      rootValue: { nodes },
      contextValue: context,
    })
    return { result, context }
  }

  #count(): string {
    this.turns.push((this.turns.pop() ?? 0) + 1)
    return 'name'
  }
}

test('a cheap query runs at once', async () => {
  const world = new World()
  const { result, context } = await world.query(3, 3)
  expect(result.errors).toBeUndefined()
  expect(world.turns).toEqual([12_000])
  expect(world.askers).toEqual([])
  expect(turnFor(context)).toBeUndefined()
})

test('an expensive query is completed in slices of a thousand fields, in turns of its user', async () => {
  const world = new World()
  const { result } = await world.query(10, 3)
  expect(result.errors).toBeUndefined()
  expect(Object.values(result.data ?? {}).map((list) => (list as object[]).length)).toEqual([100, 100, 100])
  expect(world.turns.reduce((sum, count) => sum + count, 0)).toBe(12_000)
  expect(Math.max(...world.turns)).toBeLessThanOrEqual(1_000)
  expect(new Set(world.askers)).toEqual(new Set(['user_alice']))
})

test('root fields that are cheap one by one are expensive together', async () => {
  const world = new World()
  const { context } = await world.query(4, 4)
  // The first two come at once.
  expect(world.turns[0]).toBe(8_000)
  expect(Math.max(...world.turns.slice(1))).toBeLessThanOrEqual(1_000)
  expect(turnFor(context)).toBeDefined()
})

test('an expensive query that is past its deadline stops', async () => {
  const world = new World()
  const { result } = await world.query(10, 1, 0)
  expect(result.errors?.[0]?.message).toMatch(/no answer in time/i)
  expect(world.turns.reduce((sum, count) => sum + count, 0)).toBe(0)
})
