import {
  defaultFieldResolver,
  type GraphQLField,
  type GraphQLFieldResolver,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  isObjectType,
} from 'graphql'
import { createTurnQueue, type TurnQueue } from '../lib/turn-queue.ts'
import { type Context, tooLate } from './context.ts'
import { fieldsPerItem } from './query-cost.ts'

type Resolve = GraphQLFieldResolver<unknown, Context>

/** An operation is expensive from this price on, in units. It takes ten milliseconds, and the pages of apps less. */
const EXPENSIVE_UNITS = 10
/** The fields of list items that are completed in one turn. They take two or three milliseconds. */
const FIELDS_PER_TURN = 1_000

/*
 * graphql-js completes all that has been read in one turn of the event loop. An expensive query keeps a core busy for
 * 15 ms or more, quotas allow several of them at once, and all other users would wait. So expensive queries are cut
 * into slices, and all slices of a gateway go through one queue, in which the users take turns. They get half of the
 * time:
 *
 * 1. From the root field on at which the price of an operation is high, each root field has a turn before its value is
 *    completed.
 * 2. A long list is completed in slices of its items.
 * 3. The finished result has a turn to be measured and written as JSON.
 *
 * Cheap operations never wait, and know nothing of this.
 */

/** The price of the query so far. */
type Work = { units: number; readonly queue: TurnQueue }

/** By the context of the operation. A field of the context would take memory for each idle subscription. */
const works = new WeakMap<object, Work>()

/** Counts the prices of the root fields of queries. */
export type Pace = Readonly<{
  /** Runs a root field of a query. Its value is completed in a turn if the operation has become expensive. */
  run(context: Context, units: number, resolve: () => unknown): unknown
}>

export function createPace(queue = createTurnQueue()): Pace {
  return {
    run(context, units, resolve) {
      const work = works.get(context) ?? { units: 0, queue }
      work.units += units
      works.set(context, work)
      return turnFor(context) === undefined ? resolve() : runInTurns(context, resolve)
    },
  }
}

/** Does not wait before it reads: the root fields of an operation share their statements. */
async function runInTurns(context: Context, resolve: () => unknown): Promise<unknown> {
  const value = await resolve()
  await turnFor(context)?.()
  return value
}

/**
 * Returns a function that resolves when it is the turn of the operation, or undefined if the operation is cheap. The
 * function rejects as `tooLate` after the deadline, so that no work is done for an answer that comes too late.
 */
export function turnFor(context: Context): (() => Promise<void>) | undefined {
  const work = works.get(context)
  if (work === undefined || work.units < EXPENSIVE_UNITS) return undefined
  return async () => {
    await work.queue.turn(context.session?.viewer.userId)
    if (performance.now() >= context.deadline.at) throw tooLate()
  }
}

/** Completes the long lists of expensive queries in slices. */
export function sliceLists(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    const edges = isObjectType(type) ? type.getFields()['edges'] : undefined
    if (edges !== undefined) edges.resolve = slicing(edges)
  }
  const nodes = schema.getQueryType()?.getFields()['nodes']
  if (nodes !== undefined) nodes.resolve = slicing(nodes)
  return schema
}

function slicing({ resolve = defaultFieldResolver }: GraphQLField<unknown, Context>): Resolve {
  return (source, args, context, info) => {
    const items: unknown = resolve(source, args, context, info)
    const turn = turnFor(context)
    if (turn === undefined) return items
    return items instanceof Promise
      ? items.then((found: unknown) => slicesOf(found, info, turn))
      : slicesOf(items, info, turn)
  }
}

/** Returns the items of the first slice, and promises for the others. Each slice has a turn. */
function slicesOf(items: unknown, info: GraphQLResolveInfo, turn: () => Promise<void>): unknown {
  if (!Array.isArray(items)) return items
  const size = Math.max(1, Math.floor(FIELDS_PER_TURN / fieldsPerItem(info)))
  const slices: unknown[] = items.slice(0, size)
  let turns = Promise.resolve()
  for (let start = size; start < items.length; start += size) {
    turns = turns.then(turn)
    for (const item of items.slice(start, start + size)) slices.push(after(turns, item))
  }
  return slices
}

/** graphql-js ignores the promises behind an item that fails. One that rejects then has no other handler. */
function after(turn: Promise<void>, item: unknown): Promise<unknown> {
  const promise = turn.then(() => item)
  promise.catch(() => undefined)
  return promise
}
