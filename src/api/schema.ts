import type { GraphQLSchema } from 'graphql'
import { defineChats } from './types/chats.ts'
import { defineInbox } from './types/delivery.ts'
import { defineGroups } from './types/groups.ts'
import { defineServiceStatus } from './types/overload.ts'
import { defineMessages } from './types/messages.ts'
import { definePresence } from './types/presence.ts'
import { defineReceipts } from './types/receipts.ts'
import { defineUsers } from './types/users.ts'
import { defineTyping } from './types/typing.ts'
import { defineAttachments } from './types/attachments.ts'
import { definePush } from './types/push.ts'
import { defineServerInfo } from './types/server-info.ts'
import { defineSession } from './types/auth.ts'
import { createBuilder } from './builder.ts'
import { describeSchema } from './describe.ts'
import { guard } from './guard.ts'
import { writeListsAsText } from './list-texts/write-lists.ts'
import { createPace, sliceLists } from './pace.ts'
import { defineNodes } from './nodes.ts'
import { grantGraceToRejected, recordActivity } from './record-activity.ts'
import { defineScalars } from './scalars.ts'

export type Schema = GraphQLSchema

/** Creates the whole schema. Each call creates a new one. */
export function createSchema(): Schema {
  const builder = createBuilder()
  defineScalars(builder)
  defineNodes(builder)
  defineUsers(builder)
  defineChats(builder)
  defineGroups(builder)
  defineMessages(builder)
  defineAttachments(builder)
  defineReceipts(builder)
  defineTyping(builder)
  defineInbox(builder)
  definePresence(builder)
  defineSession(builder)
  defineServiceStatus(builder)
  defineServerInfo(builder)
  definePush(builder)
  return describeSchema(
    grantGraceToRejected(
      guard(recordActivity(sliceLists(writeListsAsText(builder.toSchema()))), createPace()),
    ),
  )
}
