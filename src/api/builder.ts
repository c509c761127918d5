import SchemaBuilder from '@pothos/core'
import RelayPlugin from '@pothos/plugin-relay'
import type { Attachment, AttachmentKind } from '../events/attachment.ts'
import type { ChatView, Member, MemberRole } from '../events/chat.ts'
import type { ChatEvent } from '../events/chat-event.ts'
import type { CaughtUp, InboxReset } from '../delivery/inbox-item.ts'
import type { ReceiptAdvanced, TypingChanged } from '../events/signal.ts'
import type { ChatId } from '../ids.ts'
import type { PushProviderName } from '../followers/push/push-target.ts'
import type { Message } from '../events/message.ts'
import type { Presence } from '../events/presence-state.ts'
import type { User } from '../users/user.ts'
import type { Context } from './context.ts'

/** A chat by its ID, with the viewer's view of it if that was read already. */
export type ChatRef = Readonly<{ id: ChatId; view?: ChatView }>
/** Any object with an ID. The result of `node` also carries the name of its type. */
export type NodeShape = object

/** The reactions with one emoji. */
export type ReactionShape = Readonly<{ emoji: string; userIds: readonly User['id'][] }>

type EventOf<Type extends ChatEvent['type']> = Extract<ChatEvent, { type: Type }>

/** The value behind each type of the schema, by the name of the type. */
export type SchemaTypes = {
  Context: Context
  DefaultFieldNullability: false
  DefaultEdgesNullability: { list: false; items: false }
  DefaultNodeNullability: false
  Scalars: {
    ID: { Input: string; Output: string }
    DateTime: { Input: Date; Output: Date }
    JSON: { Input: unknown; Output: unknown }
    // Enums. Pothos can name them only among the scalars.
    AttachmentKind: { Input: AttachmentKind; Output: AttachmentKind }
    MemberRole: { Input: MemberRole; Output: MemberRole }
    PushProvider: { Input: PushProviderName; Output: PushProviderName }
  }
  Objects: {
    User: User
    Presence: Presence
    Chat: ChatRef
    ChatMember: Member
    Message: Message
    Reaction: ReactionShape
    Attachment: Attachment
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

/** Connections have no null edges or nodes, and this project defines `node` and `nodes` itself. */
export const RELAY = {
  edgesFieldOptions: { nullable: { list: false, items: false } },
  nodeFieldOptions: { nullable: false },
  pageInfoFieldOptions: { nullable: false },
  nodeQueryOptions: false,
  nodesQueryOptions: false,
} as const

/** Creates a builder with what all domains share: plugins, scalars and root types. */
export function createBuilder() {
  const builder = new SchemaBuilder<SchemaTypes>({
    plugins: [RelayPlugin],
    defaultFieldNullability: false,
    relay: RELAY,
  })
  builder.queryType({})
  builder.mutationType({})
  builder.subscriptionType({})
  return builder
}
