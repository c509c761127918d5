import SchemaBuilder from '@pothos/core'
import RelayPlugin from '@pothos/plugin-relay'
import { RELAY } from '../api/builder.ts'
import { DATE_TIME, JSON_SCALAR } from '../api/scalars.ts'
import type { Chat, Member, MemberRole } from '../events/chat.ts'
import type { ChatEvent } from '../events/chat-event.ts'
import type { Message } from '../events/message.ts'
import type { User } from '../users/user.ts'
import type { ServerContext } from './context.ts'

type ServerTypes = {
  Context: ServerContext
  DefaultFieldNullability: false
  DefaultEdgesNullability: { list: false; items: false }
  DefaultNodeNullability: false
  Scalars: {
    ID: { Input: string; Output: string }
    DateTime: { Input: Date; Output: Date }
    JSON: { Input: unknown; Output: unknown }
    MemberRole: { Input: MemberRole; Output: MemberRole }
  }
  Objects: { User: User; Chat: Chat; Member: Member; Message: Message; ChatEvent: ChatEvent }
}

export type ServerBuilder = ReturnType<typeof createServerBuilder>

/** Creates a builder with what all parts of the server API share. */
export function createServerBuilder() {
  const builder = new SchemaBuilder<ServerTypes>({
    plugins: [RelayPlugin],
    defaultFieldNullability: false,
    relay: RELAY,
  })
  builder.queryType({})
  builder.mutationType({})
  builder.scalarType('DateTime', DATE_TIME)
  builder.scalarType('JSON', JSON_SCALAR)
  builder.enumType('MemberRole', { values: ['OWNER', 'ADMIN', 'MEMBER'] as const })
  return builder
}
