import type { GraphQLSchema } from 'graphql'
import { describeSchema } from '../api/describe.ts'
import { createServerBuilder } from './builder.ts'
import { DESCRIPTIONS } from './descriptions.ts'
import { guardScopes } from './scopes.ts'
import { defineChats } from './types/chats.ts'
import { defineMessages } from './types/messages.ts'
import { defineUsers } from './types/users.ts'
import { defineWebhooks } from './types/webhooks.ts'

/** Creates the schema of the server API. It has nothing in common with the public one but its services. */
export function createServerSchema(): GraphQLSchema {
  const builder = createServerBuilder()
  defineUsers(builder)
  defineChats(builder)
  defineMessages(builder)
  defineWebhooks(builder)
  return describeSchema(guardScopes(builder.toSchema()), DESCRIPTIONS)
}
