import type { ChatId, Seq, UserId } from '../ids.ts'
import type { Message } from './message.ts'
import type { MemberRole } from './chat.ts'

type EventOf<Type extends string, Fields = unknown> = Readonly<
  {
    type: Type
    chatId: ChatId
    seq: Seq
    actorId: UserId
    at: Date
    /** The users who see the chat from this event on, and did not before. Usually empty. */
    joined: readonly UserId[]
    /**
     * The newest membership change up to this event. Only the gateway that stored the event knows it. Not in the log.
     */
    membersSeq?: Seq
  } & Fields
>

/**
 * One durable change of a chat. The types have the names that clients see. The message in an event has its state when
 * the event was read, which may be newer than the event, but never older.
 */
export type ChatEvent =
  | EventOf<'MessageSent', { message: Message }>
  | EventOf<'MessageEdited', { message: Message }>
  | EventOf<'MessageDeleted', { message: Message }>
  | EventOf<'ReactionChanged', { message: Message; emoji: string; added: boolean }>
  | EventOf<'MemberAdded', { userId: UserId }>
  | EventOf<'MemberRemoved', { userId: UserId }>
  | EventOf<'MemberRoleChanged', { userId: UserId; role: MemberRole }>
  | EventOf<'ChatUpdated'>
  /** The last event of the log. It ends all memberships. */
  | EventOf<'ChatDeleted'>

export type ChatEventType = ChatEvent['type']

/** Returns whether members join or leave with this event. */
export function changesMembers(event: ChatEvent): boolean {
  return event.type === 'MemberRemoved' || event.type === 'ChatDeleted' || event.joined.length > 0
}

/** Of one attachment in memory, without its name. */
const ATTACHMENT_BYTES = 400

/** Returns a rough size of an event in memory, in bytes. Precise enough for bounds. */
export function approximateBytes(event: ChatEvent): number {
  if (!('message' in event)) return 400
  const { body, attachmentCount, data } = event.message
  const dataBytes = data === null ? 0 : 2 * JSON.stringify(data).length
  return 400 + 2 * (body?.length ?? 0) + ATTACHMENT_BYTES * attachmentCount + dataBytes
}
