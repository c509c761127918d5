import {
  defaultFieldResolver,
  type GraphQLFieldResolver,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql'
import type { Dispose } from '../lib/dispose.ts'
import { type OperationRule, ruleOf } from '../overload/operation-rules.ts'
import type { Context } from './context.ts'
import { queryCost } from './query-cost.ts'

type Resolve = GraphQLFieldResolver<unknown, Context>

/**
 * Admits an operation to a root field only if the feature is not paused and the viewer's quota allows it. Resolvers
 * know nothing about load. A subscription is checked when it starts, not at each event. Throws if a root field has no
 * rule.
 */
export function guard(schema: GraphQLSchema): GraphQLSchema {
  for (const root of [schema.getQueryType(), schema.getMutationType()]) {
    for (const field of fieldsOf(root)) {
      field.resolve = admitted(ruleOf(`${root?.name}.${field.name}`), field.resolve ?? defaultFieldResolver)
    }
  }
  for (const field of fieldsOf(schema.getSubscriptionType())) {
    field.subscribe = admitted(ruleOf(`Subscription.${field.name}`), field.subscribe ?? defaultFieldResolver)
  }
  return schema
}

function fieldsOf(root: GraphQLObjectType | null | undefined) {
  return Object.values(root?.getFields() ?? {})
}

function admitted(rule: OperationRule, resolve: Resolve): Resolve {
  return (source, args, context, info) => {
    const cost = rule.costClass === 'query' ? queryCost(info) : 1
    const viewerId = context.session?.viewer.userId
    const dispose = context.services.operationAdmission.admit({ rule, viewerId, cost })
    const result = resolve(source, args, context, info)
    return dispose === undefined ? result : disposingAfter(result, dispose)
  }
}

async function disposingAfter(result: unknown, dispose: Dispose): Promise<unknown> {
  try {
    return await result
  } finally {
    dispose()
  }
}
