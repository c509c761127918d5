import { defaultFieldResolver, type GraphQLFieldResolver, type GraphQLSchema } from 'graphql'
import { ParleyError } from '../errors.ts'
import { activityRuleOf, isUserActivity } from '../presence/activity.ts'
import type { Context } from './context.ts'

type Resolve = GraphQLFieldResolver<unknown, Context>

/**
 * Takes note of what people do, before it is done; resolvers know nothing of it. What asks whether somebody is online
 * waits until it is known; nothing else waits, or fails for it. Throws for a mutation that nobody said anything about.
 */
export function noteActivity(schema: GraphQLSchema): GraphQLSchema {
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    const isAsked = activityRuleOf(field.name) === 'if-flagged'
    field.resolve = noting(field.name, isAsked, field.resolve ?? defaultFieldResolver)
  }
  return schema
}

/**
 * Whoever says that they are there, and is told to say so later, is excused until then. To be put around what refuses
 * them; resolvers know nothing of it.
 */
export function excuseRefused(schema: GraphQLSchema): GraphQLSchema {
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    if (activityRuleOf(field.name) === 'if-flagged')
      field.resolve = excusing(field.name, field.resolve ?? defaultFieldResolver)
  }
  return schema
}

function excusing(name: string, resolve: Resolve): Resolve {
  return async (source, args, context, info) => {
    try {
      return await resolve(source, args, context, info)
    } catch (error) {
      const retryAfterMs = error instanceof ParleyError ? error.retryAfterMs : undefined
      const userId = context.session?.viewer.userId
      const isMissed = userId !== undefined && isUserActivity(name, args)
      if (isMissed && retryAfterMs !== undefined)
        context.services.presence.grantGracePeriod(userId, retryAfterMs)
      throw error
    }
  }
}

function noting(name: string, isAsked: boolean, resolve: Resolve): Resolve {
  return async (source, args, context, info) => {
    const userId = context.session?.viewer.userId
    if (userId !== undefined && isUserActivity(name, args)) {
      const noted = context.services.presence.recordActivity(userId)
      if (isAsked) await noted
    }
    return resolve(source, args, context, info)
  }
}
