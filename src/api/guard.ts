import {
  defaultFieldResolver,
  type GraphQLFieldResolver,
  type GraphQLObjectType,
  type GraphQLSchema,
} from 'graphql'
import type { Release } from '../overload/operation-admission.ts'
import { type OperationRule, ruleOf } from '../overload/operation-rules.ts'
import type { Context } from './context.ts'
import { queryCost } from './query-cost.ts'

type Resolve = GraphQLFieldResolver<unknown, Context>

/**
 * Puts a gate before every root field: whether it is paused, and whether the viewer may still afford it. Resolvers know
 * nothing of load. Of a subscription the start is asked about, and none of its events. Throws for a root field that has
 * no rule.
 */
export function guard(schema: GraphQLSchema): GraphQLSchema {
  for (const root of [schema.getQueryType(), schema.getMutationType()]) {
    for (const field of fieldsOf(root)) {
      field.resolve = gated(ruleOf(`${root?.name}.${field.name}`), field.resolve ?? defaultFieldResolver)
    }
  }
  for (const field of fieldsOf(schema.getSubscriptionType())) {
    field.subscribe = gated(ruleOf(`Subscription.${field.name}`), field.subscribe ?? defaultFieldResolver)
  }
  return schema
}

function fieldsOf(root: GraphQLObjectType | null | undefined) {
  return Object.values(root?.getFields() ?? {})
}

function gated(rule: OperationRule, resolve: Resolve): Resolve {
  return (source, args, context, info) => {
    const cost = rule.costClass === 'query' ? queryCost(info) : 1
    const viewerId = context.session?.viewer.userId
    const release = context.services.operationAdmission.admit({ rule, viewerId, cost })
    const answer = resolve(source, args, context, info)
    return release === undefined ? answer : releasing(answer, release)
  }
}

async function releasing(answer: unknown, release: Release): Promise<unknown> {
  try {
    return await answer
  } finally {
    release()
  }
}
