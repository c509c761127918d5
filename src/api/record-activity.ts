import { defaultFieldResolver, type GraphQLFieldResolver, type GraphQLSchema } from 'graphql'
import { ParleyError } from '../errors.ts'
import { activityRuleOf, isUserActivity } from '../presence/activity.ts'
import type { Context } from './context.ts'

type Resolve = GraphQLFieldResolver<unknown, Context>

/**
 * Records user activity before a mutation runs, so that resolvers know nothing about it. `heartbeat` returns the
 * presence, so it waits until the activity is recorded. No other mutation waits or fails because of it. Throws if a
 * mutation has no activity rule.
 */
export function recordActivity(schema: GraphQLSchema): GraphQLSchema {
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    const isHeartbeat = activityRuleOf(field.name) === 'if-flagged'
    field.resolve = recording(field.name, isHeartbeat, field.resolve ?? defaultFieldResolver)
  }
  return schema
}

/**
 * Grants a grace period to a user whose heartbeat is rejected with `retryAfterMs`: the user is not reported as offline
 * until they can send the next one. Must wrap the guard that rejects them.
 */
export function grantGraceToRejected(schema: GraphQLSchema): GraphQLSchema {
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    if (activityRuleOf(field.name) === 'if-flagged')
      field.resolve = grantingGrace(field.name, field.resolve ?? defaultFieldResolver)
  }
  return schema
}

function grantingGrace(name: string, resolve: Resolve): Resolve {
  return async (source, args, context, info) => {
    try {
      return await resolve(source, args, context, info)
    } catch (error) {
      const retryAfterMs = error instanceof ParleyError ? error.retryAfterMs : undefined
      const userId = context.session?.viewer.userId
      const isActivityLost = userId !== undefined && isUserActivity(name, args)
      if (isActivityLost && retryAfterMs !== undefined)
        context.services.presence.grantGracePeriod(userId, retryAfterMs)
      throw error
    }
  }
}

function recording(name: string, isHeartbeat: boolean, resolve: Resolve): Resolve {
  return async (source, args, context, info) => {
    const userId = context.session?.viewer.userId
    if (userId !== undefined && isUserActivity(name, args)) {
      if (isHeartbeat) await context.services.presence.recordActivity(userId)
      else context.services.presence.noteActivity(userId)
    }
    return resolve(source, args, context, info)
  }
}
