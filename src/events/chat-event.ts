import type { ChatId, Seq, UserId } from '../ids.ts'
import type { Message } from './message.ts'
import type { MemberRole } from './chat.ts'

type Entry<Type extends string, Fields = unknown> = Readonly<
  {
    type: Type
    chatId: ChatId
    seq: Seq
    actorId: UserId
    at: Date
    /** Who sees the chat from this event on, and did not before; empty for most. */
    joined: readonly UserId[]
    /** The newest change of members up to this event, where whoever wrote it knows. No part of the log. */
    membersSeq?: Seq
  } & Fields
>

/**
 * One durable change of a chat: an entry of its log. The types carry the names that clients see. A message in an
 * event is its state when the event was read, which may be younger than the event, never older.
 */
export type ChatEvent =
  | Entry<'MessageSent', { message: Message }>
  | Entry<'MessageEdited', { message: Message }>
  | Entry<'MessageDeleted', { message: Message }>
  | Entry<'ReactionChanged', { message: Message; emoji: string; added: boolean }>
  | Entry<'MemberAdded', { userId: UserId }>
  | Entry<'MemberRemoved', { userId: UserId }>
  | Entry<'MemberRoleChanged', { userId: UserId; role: MemberRole }>
  | Entry<'ChatUpdated'>

export type ChatEventType = ChatEvent['type']

/** Whether somebody is in the chat from this event on, or after it no more. */
export function changesMembers(event: ChatEvent): boolean {
  return event.type === 'MemberRemoved' || event.joined.length > 0
}

/** About what an event keeps in memory, in bytes: for bounds, not for accounting. */
export function approximateBytes(event: ChatEvent): number {
  const body = 'message' in event ? (event.message.body?.length ?? 0) : 0
  return 400 + 2 * body
}
