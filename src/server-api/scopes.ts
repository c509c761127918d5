import { defaultFieldResolver, type GraphQLFieldResolver, type GraphQLSchema } from 'graphql'
import type { Scope } from '../keys/server-key.ts'
import { requireScope, type ServerContext } from './context.ts'

/** The scope that a key needs for each root field. A field that acts in the name of a user needs `act-as-user` too. */
const SCOPES: Readonly<Record<string, Scope>> = {
  'Query.users': 'read',
  'Query.chat': 'read',
  'Query.chatsOfUser': 'read',
  'Query.events': 'read',
  'Mutation.upsertUsers': 'users',
  'Mutation.deactivateUser': 'users',
  'Mutation.reactivateUser': 'users',
  'Mutation.signOutUser': 'users',
  'Mutation.ensureDirectChat': 'chats',
  'Mutation.ensureGroup': 'chats',
  'Mutation.updateChat': 'chats',
  'Mutation.updateMembers': 'chats',
  'Mutation.deleteChat': 'chats',
  'Mutation.sendMessage': 'messages',
  'Mutation.sendMessages': 'messages',
  'Mutation.editMessage': 'messages',
  'Mutation.deleteMessage': 'messages',
  'Mutation.replayWebhooks': 'webhooks',
}

/** Lets a key call a root field only if it has the scope. Throws if a root field has no scope. */
export function guardScopes(schema: GraphQLSchema): GraphQLSchema {
  for (const root of [schema.getQueryType(), schema.getMutationType()]) {
    for (const field of Object.values(root?.getFields() ?? {})) {
      const scope = SCOPES[`${root?.name}.${field.name}`]
      if (scope === undefined)
        throw new Error(`${root?.name}.${field.name} has no scope. Add it to scopes.ts.`)
      field.resolve = guarded(scope, field.resolve ?? defaultFieldResolver)
    }
  }
  return schema
}

type Resolve = GraphQLFieldResolver<unknown, ServerContext>

function guarded(scope: Scope, resolve: Resolve): Resolve {
  return (source, args, context, info) => {
    requireScope(context.key, scope)
    return resolve(source, args, context, info)
  }
}
