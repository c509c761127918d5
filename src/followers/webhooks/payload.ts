import { createHash } from 'node:crypto'
import type { LogGap } from '../follower.ts'
import type { DueDecision } from '../due-store.ts'
import type { ChatEvent, ChatEventType } from '../../events/chat-event.ts'
import { isExpired, type Message, shownData } from '../../events/message.ts'
import { type ChatId, globalId, type UserId } from '../../ids.ts'
import type { MemberState, UserState } from './state-store.ts'
import type { WebhookType } from './webhook.ts'

/** A message to a webhook, by the Standard Webhooks specification. */
export type WebhookMessage = Readonly<{
  /** The same for each attempt: receivers drop repetitions by it. */
  id: string
  /** `chat.gap` and `webhook.test` are sent to every webhook. */
  type: WebhookType | 'chat.gap' | 'webhook.test'
  at: Date
  data: Readonly<Record<string, unknown>>
}>

const TYPES = {
  MessageSent: 'message.sent',
  MessageEdited: 'message.edited',
  MessageDeleted: 'message.deleted',
  ReactionChanged: 'reaction.changed',
  MemberAdded: 'member.added',
  MemberRemoved: 'member.removed',
  MemberRoleChanged: 'member.role_changed',
  ChatUpdated: 'chat.updated',
  ChatDeleted: 'chat.deleted',
} as const satisfies Record<ChatEventType, WebhookType>

/** Returns the type that receivers see. */
export function typeOf(item: ChatEvent | LogGap): WebhookMessage['type'] {
  return item.type === 'gap' ? 'chat.gap' : TYPES[item.type]
}

/** Returns the message for an event. With `hasContent`, events about messages have the present text. */
export function messageOf(
  chatId: ChatId,
  item: ChatEvent | LogGap,
  { hasContent, now }: Readonly<{ hasContent: boolean; now: Date }>,
): WebhookMessage {
  const chat = globalId.chat(chatId)
  if (item.type === 'gap') {
    const { afterSeq, untilSeq } = item
    const id = `${chat}_gap_${untilSeq}`
    return { id, type: 'chat.gap', at: now, data: { chatId: chat, afterSeq, untilSeq } }
  }
  const common = { chatId: chat, seq: item.seq, actorId: globalId.user(item.actorId) }
  const data = { ...common, ...detailsOf(item), ...(hasContent && contentOf(item, now)) }
  return { id: `${chat}_${item.seq}`, type: typeOf(item), at: item.at, data }
}

function detailsOf(event: ChatEvent): Readonly<Record<string, unknown>> {
  switch (event.type) {
    case 'MessageSent':
    case 'MessageEdited':
    case 'MessageDeleted':
      return { messageId: globalId.message(event.message), senderId: globalId.user(event.message.senderId) }
    case 'ReactionChanged': {
      const { message, emoji, added } = event
      return { messageId: globalId.message(message), emoji, added }
    }
    case 'MemberAdded':
    case 'MemberRemoved':
      return { userId: globalId.user(event.userId) }
    case 'MemberRoleChanged':
      return { userId: globalId.user(event.userId), role: event.role }
    case 'ChatUpdated':
    case 'ChatDeleted':
      return {}
    default:
      return event satisfies never
  }
}

/** The text, type and data as they are now. The text is null if the message was deleted or has expired since. */
function contentOf(event: ChatEvent, now: Date): Readonly<Record<string, unknown>> {
  return 'message' in event ? contentOfMessage(event.message, now) : {}
}

function contentOfMessage(message: Message, now: Date): Readonly<Record<string, unknown>> {
  const { type: messageType, data } = shownData(message, now.getTime())
  return {
    body: isExpired(message, now.getTime()) ? null : message.body,
    ...(messageType !== null && { messageType }),
    ...(data !== null && { data }),
  }
}

/** Returns the message about devices that do not have a chat message yet. A person without a device has none. */
export function pendingMessage(
  message: Message,
  decisions: readonly DueDecision[],
  { hasContent, now }: Readonly<{ hasContent: boolean; now: Date }>,
): WebhookMessage {
  const chat = globalId.chat(message.chatId)
  const people = Map.groupBy(decisions, ({ userId }) => userId)
  const recipients = Array.from(people, ([userId, devices]) => ({
    userId: globalId.user(userId),
    deviceIds: devices.flatMap(({ deviceId }) => deviceId ?? []),
  }))
  const data = {
    chatId: chat,
    seq: message.seq,
    messageId: globalId.message(message),
    senderId: globalId.user(message.senderId),
    recipients,
    ...(hasContent && contentOfMessage(message, now)),
  }
  return { id: `${chat}_${message.seq}_pending`, type: 'message.pending', at: message.sentAt, data }
}

/** Watermarks only move forward, so they identify the message. */
export function receiptMessage({ chatId, userId, deliveredSeq, readSeq, at }: MemberState): WebhookMessage {
  const [chat, user] = [globalId.chat(chatId), globalId.user(userId)]
  const data = { chatId: chat, userId: user, deliveredSeq, readSeq }
  const id = `${chat}_receipt_${digestOf(userId)}_${deliveredSeq}_${readSeq}`
  return { id, type: 'receipt.advanced', at, data }
}

/** Returns the message about a user's present state. Each later change has a later moment, and so another id. */
export function userMessage(
  { id, name, avatarUrl, deactivatedAt, data: ownData }: UserState,
  { hasContent, changedAt }: Readonly<{ hasContent: boolean; changedAt: Date }>,
): WebhookMessage {
  const user = globalId.user(id)
  const content = { name, avatarUrl, ...(ownData !== null && { data: ownData }) }
  const data = { userId: user, isDeactivated: deactivatedAt !== null, ...(hasContent && content) }
  return { id: `user_${digestOf(id)}_${changedAt.getTime()}`, type: 'user.changed', at: changedAt, data }
}

/** Ids of users may have characters that a header cannot have. */
function digestOf(userId: UserId): string {
  return createHash('sha256').update(userId).digest('hex').slice(0, 32)
}
