import { type ChatId, globalId } from '../../ids.ts'
import type { PushMessage } from './push-provider.ts'
import type { UnreadMessage } from './push-store.ts'

/** The texts of a message, for people. */
export type MessageText = Readonly<{ title: string; body: string }>

/** How long a provider keeps a message for a device that is offline, in seconds: a week. */
const TTL_S = 7 * 86_400
/** All providers take 4,096 bytes. The rest of a message needs less than 1,000, and escapes may make a text longer. */
const MAX_TEXT_BYTES = 2_500
const MAX_TITLE_LENGTH = 100

type Facts = Readonly<{ chatId: ChatId; nowMs: number; otherChats: number }>

/** The message about the newest unread message of a chat. An older one of the same chat is replaced by it. */
export function messageAbout(
  { seq, unreadCount, expiresAt }: UnreadMessage,
  text: MessageText | undefined,
  { chatId, nowMs, otherChats }: Facts,
): PushMessage {
  const badge = otherChats + 1
  const leftS = expiresAt === null ? TTL_S : Math.ceil((expiresAt.getTime() - nowMs) / 1000)
  const messageId = globalId.message({ chatId, seq })
  return {
    type: 'message',
    chatId,
    ttlS: Math.max(1, Math.min(TTL_S, leftS)),
    data: { type: 'message', chatId: globalId.chat(chatId), seq, messageId, unreadCount, badge },
    text: text && { title: fitted(text.title, MAX_TITLE_LENGTH), body: fitted(text.body, MAX_TEXT_BYTES) },
    badge,
  }
}

/** The message that removes the notification of a chat. */
export function withdrawalOf({ chatId, otherChats: badge }: Omit<Facts, 'nowMs'>): PushMessage {
  const data = { type: 'withdrawal', chatId: globalId.chat(chatId), badge }
  return { type: 'withdrawal', chatId, ttlS: TTL_S, data, text: undefined, badge }
}

/** Returns the start of a text that takes at most `maxBytes` as JSON. */
function fitted(text: string, maxBytes: number): string {
  let points = Array.from(text)
  while (Buffer.byteLength(JSON.stringify(points.join(''))) > maxBytes)
    points = points.slice(0, Math.floor(points.length * 0.9))
  return points.length === Array.from(text).length ? text : `${points.join('')}…`
}
