import type { GraphQLSchema } from 'graphql'
import { defineChats } from '../chats/schema.ts'
import { defineInbox } from '../delivery/schema.ts'
import { defineGroups } from '../groups/schema.ts'
import { defineServiceStatus } from '../load/schema.ts'
import { defineMessages } from '../messages/schema.ts'
import { definePresence } from '../presence/schema.ts'
import { defineReceipts } from '../receipts/schema.ts'
import { defineUsers } from '../users/schema.ts'
import { defineTyping } from '../typing/schema.ts'
import { defineSession } from '../auth/schema.ts'
import { createBuilder } from './builder.ts'
import { guard } from './guard.ts'
import { defineNodes } from './nodes.ts'
import { excuseRefused, noteActivity } from './note-activity.ts'
import { defineScalars } from './scalars.ts'

/** The whole API, made anew at each call. */
export function createSchema(): GraphQLSchema {
  const builder = createBuilder()
  defineScalars(builder)
  defineNodes(builder)
  defineUsers(builder)
  defineChats(builder)
  defineGroups(builder)
  defineMessages(builder)
  defineReceipts(builder)
  defineTyping(builder)
  defineInbox(builder)
  definePresence(builder)
  defineSession(builder)
  defineServiceStatus(builder)
  return excuseRefused(guard(noteActivity(builder.toSchema())))
}
