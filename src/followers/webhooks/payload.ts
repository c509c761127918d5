import type { LogGap } from '../followers.ts'
import type { ChatEvent, ChatEventType } from '../../events/chat-event.ts'
import { isExpired } from '../../events/message.ts'
import { type ChatId, globalId } from '../../ids.ts'
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
      return {}
    default:
      return event satisfies never
  }
}

/** The text as it is now: null if the message was deleted or has expired since. */
function contentOf(event: ChatEvent, now: Date): Readonly<{ body?: string | null }> {
  if (!('message' in event)) return {}
  return { body: isExpired(event.message, now.getTime()) ? null : event.message.body }
}
