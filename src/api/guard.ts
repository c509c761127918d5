import {
  defaultFieldResolver,
  type GraphQLFieldResolver,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql'
import type { Dispose } from '../lib/dispose.ts'
import { type OperationRule, ruleOf } from '../overload/operation-rules.ts'
import { badInput, type ParleyError } from '../errors.ts'
import type { Context } from './context.ts'
import type { Pace } from './pace.ts'
import { type QueryCost, queryCost } from './query-cost.ts'

/**
 * The most fields that the root fields of one operation may return together: about three thousand messages with
 * everything that an app shows of them. They keep a core busy for about a second.
 */
const MAX_FIELDS = 150_000

/** The price of a query that is rejected for its fields. Without one, it could be sent again and again. */
const REJECTED_UNITS = 20

type Resolve = GraphQLFieldResolver<unknown, Context>

/**
 * Admits an operation to a root field only if the feature is not paused and the viewer's quota allows it. Resolvers
 * know nothing about load. A subscription is checked when it starts, not at each event. Throws if a root field has no
 * rule.
 */
export function guard(schema: GraphQLSchema, pace: Pace): GraphQLSchema {
  for (const root of [schema.getQueryType(), schema.getMutationType()]) {
    for (const field of fieldsOf(root)) {
      field.resolve = admitted(
        ruleOf(`${root?.name}.${field.name}`),
        field.resolve ?? defaultFieldResolver,
        pace,
      )
    }
  }
  for (const field of fieldsOf(schema.getSubscriptionType())) {
    field.subscribe = admitted(
      ruleOf(`Subscription.${field.name}`),
      field.subscribe ?? defaultFieldResolver,
      pace,
    )
  }
  return schema
}

function fieldsOf(root: GraphQLObjectType | null | undefined) {
  return Object.values(root?.getFields() ?? {})
}

function admitted(rule: OperationRule, resolve: Resolve, pace: Pace): Resolve {
  return (source, args, context, info) => {
    const { operationAdmission } = context.services
    const viewerId = context.session?.viewer.userId
    const cost = rule.costClass === 'query' ? queryCost(info) : undefined
    const tooMany = cost === undefined ? undefined : beyondFields(context, cost)
    const units = tooMany === undefined ? (cost?.units ?? 1) : REJECTED_UNITS
    const dispose = operationAdmission.admit({ rule, viewerId, cost: units })
    if (tooMany !== undefined) {
      dispose?.()
      throw tooMany
    }
    const run = (): unknown => resolve(source, args, context, info)
    const result = cost === undefined ? run() : pace.run(context, units, run)
    return dispose === undefined ? result : disposingAfter(result, dispose)
  }
}

/** The fields of the root fields of an operation so far, by its context. */
const counted = new WeakMap<Context, number>()

/** Returns BAD_USER_INPUT if the operation can return too many fields with this root field. */
function beyondFields(context: Context, { fields }: QueryCost): ParleyError | undefined {
  const total = (counted.get(context) ?? 0) + fields
  counted.set(context, total)
  if (total <= MAX_FIELDS) return undefined
  const [found, most] = [total, MAX_FIELDS].map((count) => count.toLocaleString('en'))
  return badInput(
    `The operation can return ${found} fields; at most ${most} are allowed. Ask for shorter pages or fewer fields.`,
  )
}

async function disposingAfter(result: unknown, dispose: Dispose): Promise<unknown> {
  try {
    return await result
  } finally {
    dispose()
  }
}
