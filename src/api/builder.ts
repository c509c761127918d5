import SchemaBuilder from '@pothos/core'
import RelayPlugin from '@pothos/plugin-relay'
import type { ChatView, Member, MemberRole } from '../events/chat.ts'
import type { ChatEvent } from '../events/chat-event.ts'
import type { CaughtUp, InboxReset } from '../delivery/inbox-item.ts'
import type { ReceiptAdvanced, TypingChanged } from '../events/signal.ts'
import type { ChatId } from '../ids.ts'
import type { Message } from '../events/message.ts'
import type { Presence } from '../events/presence-state.ts'
import type { User } from '../users/user.ts'
import type { Context } from './context.ts'

/** A chat by its id, with the viewer's view of it where that was read already. */
export type ChatRef = Readonly<{ id: ChatId; view?: ChatView }>
/** Anything with an id; what `node` answers with carries its type's name. */
export type NodeShape = object

/** What one emoji's reactions are resolved from. */
export type ReactionShape = Readonly<{ emoji: string; userIds: readonly User['id'][] }>

/** What an attachment is resolved from. */
export type AttachmentShape = Readonly<{
  id: string
  fileName: string
  contentType: string
  byteSize: number
  width: number | null
  height: number | null
  url: string
  thumbnailUrl: string | null
}>

type EventOf<Type extends ChatEvent['type']> = Extract<ChatEvent, { type: Type }>

/** What each type of the schema is resolved from. The domains' schemas name types by these names. */
export type SchemaTypes = {
  Context: Context
  DefaultFieldNullability: false
  DefaultEdgesNullability: { list: false; items: false }
  DefaultNodeNullability: false
  Scalars: {
    ID: { Input: string; Output: string }
    DateTime: { Input: Date; Output: Date }
    /** An enum, which Pothos can only name among scalars. */
    MemberRole: { Input: MemberRole; Output: MemberRole }
  }
  Objects: {
    User: User
    Presence: Presence
    Chat: ChatRef
    ChatMember: Member
    Message: Message
    Reaction: ReactionShape
    Attachment: AttachmentShape
    ReceiptAdvanced: ReceiptAdvanced
    TypingChanged: TypingChanged
    CaughtUp: CaughtUp
    InboxReset: InboxReset
  } & { [Type in ChatEvent['type']]: EventOf<Type> }
  Interfaces: {
    Node: NodeShape
    ChatEvent: ChatEvent
  }
}

export type Builder = ReturnType<typeof createBuilder>

/** A new builder with what all domains share: the plugins, the scalar, the roots. */
export function createBuilder() {
  const builder = new SchemaBuilder<SchemaTypes>({
    plugins: [RelayPlugin],
    defaultFieldNullability: false,
    relay: {
      edgesFieldOptions: { nullable: { list: false, items: false } },
      nodeFieldOptions: { nullable: false },
      pageInfoFieldOptions: { nullable: false },
      nodeQueryOptions: false,
      nodesQueryOptions: false,
    },
  })
  builder.queryType({})
  builder.mutationType({})
  builder.subscriptionType({})
  return builder
}
