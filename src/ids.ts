import { v7, validate, version } from 'uuid'

declare const brand: unique symbol
type Branded<Base, Name extends string> = Base & { readonly [brand]: Name }

/** The subject of a user's token. */
export type UserId = Branded<string, 'UserId'>
/** A lower-case UUIDv7. */
export type ChatId = Branded<string, 'ChatId'>
/** Chosen by the app on one device, unique per user. */
export type DeviceId = Branded<string, 'DeviceId'>
/** Unique per running instance. */
export type GatewayId = Branded<string, 'GatewayId'>
/** A position in a chat's log, from 1; 0 is before its first event. */
export type Seq = number
/** A message: the chat, and the seq of the log that it was sent at. */
export type MessageId = Readonly<{ chatId: ChatId; seq: Seq }>

/** GraphQL's `Int` is signed 32 bits, and so is a seq. */
export const MAX_SEQ = 2 ** 31 - 1

/** A new chat's id; time-ordered, so that new chats touch the same pages of an index. */
export function newChatId(): ChatId {
  return v7() as ChatId
}

/** What clients see: opaque to programs, readable to people. */
export const globalId = {
  user: (id: UserId): string => `user_${id}`,
  chat: (id: ChatId): string => `chat_${id}`,
  message: ({ chatId, seq }: MessageId): string => `message_${chatId}_${seq}`,
}

/** A decoded global id. */
export type NodeId =
  | Readonly<{ type: 'User'; id: UserId }>
  | Readonly<{ type: 'Chat'; id: ChatId }>
  | Readonly<{ type: 'Message'; id: MessageId }>

/** What a global id names; undefined for anything that Parley could not have issued. */
export function parseGlobalId(text: string): NodeId | undefined {
  const [, type, rest = ''] = /^([a-z]+)_(.*)$/s.exec(text) ?? []
  switch (type) {
    case 'user':
      return isSubject(rest) ? { type: 'User', id: rest as UserId } : undefined
    case 'chat':
      return isChatId(rest) ? { type: 'Chat', id: rest } : undefined
    case 'message':
      return parseMessageId(rest)
    default:
      return undefined
  }
}

function parseMessageId(rest: string): NodeId | undefined {
  const match = /^([0-9a-f-]{36})_([1-9][0-9]{0,9})$/.exec(rest)
  const [, chatId = '', digits = ''] = match ?? []
  const seq = Number(digits)
  if (!isChatId(chatId) || seq > MAX_SEQ) return undefined
  return { type: 'Message', id: { chatId, seq } }
}

function isChatId(text: string): text is ChatId {
  return validate(text) && version(text) === 7 && text === text.toLowerCase()
}

/**
 * Whether a token's subject can be a user's id: 1 to 255 characters, none of them a control character or a
 * lone surrogate (neither survives a database and a wire unchanged).
 */
export function isSubject(text: string): boolean {
  return text.length >= 1 && text.length <= 255 && text.isWellFormed() && !/\p{Cc}/u.test(text)
}
