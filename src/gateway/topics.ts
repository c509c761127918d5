import {
  MALFORMED,
  readFlag,
  readId,
  readInstant,
  readList,
  readNatural,
  readNullable,
  readObject,
  readOneOf,
  readText,
} from '../bus/read-json.ts'
import type { Topic } from '../bus/topic.ts'
import type { ChatEvent, ChatEventType } from '../events/chat-event.ts'
import type { Message } from '../events/message.ts'
import type { Signal } from '../events/signal.ts'
import { type ChatId, MAX_SEQ, type Seq, type UserId } from '../ids.ts'

// Ids are branded by the compiler alone.
const readChatId = (json: unknown): ChatId => readId(json) as ChatId
const readUserId = (json: unknown): UserId => readId(json) as UserId
const readSeq = (json: unknown): Seq => readNatural(json, MAX_SEQ)
const ROLES = ['OWNER', 'ADMIN', 'MEMBER'] as const

/** For types that this gateway does not know. The compiler checks that the others have a case. */
const malformed = (_type: never): Error => MALFORMED

function readMessage(json: unknown): Message {
  const message = readObject(json)
  return {
    chatId: readChatId(message['chatId']),
    seq: readSeq(message['seq']),
    senderId: readUserId(message['senderId']),
    clientMessageId: readText(message['clientMessageId']),
    body: readNullable(message['body'], readText),
    replyToSeq: readNullable(message['replyToSeq'], readSeq),
    sentAt: readInstant(message['sentAt']),
    editedAt: readNullable(message['editedAt'], readInstant),
    deletedAt: readNullable(message['deletedAt'], readInstant),
    expiresAt: readNullable(message['expiresAt'], readInstant),
    ...readJustSent(message['isJustSent']),
  }
}

function readJustSent(json: unknown): Pick<Message, 'isJustSent'> {
  if (json === undefined) return {}
  if (json !== true) throw MALFORMED
  return { isJustSent: true }
}

function readEvent(json: unknown): ChatEvent {
  const event = readObject(json)
  const place = {
    chatId: readChatId(event['chatId']),
    seq: readSeq(event['seq']),
    actorId: readUserId(event['actorId']),
    at: readInstant(event['at']),
    joined: readList(event['joined'], readUserId),
  }
  const type = event['type'] as ChatEventType
  switch (type) {
    case 'MessageSent':
    case 'MessageEdited':
    case 'MessageDeleted':
      return { type, ...place, message: readMessage(event['message']) }
    case 'ReactionChanged': {
      const { emoji, added } = event
      return {
        type,
        ...place,
        message: readMessage(event['message']),
        emoji: readText(emoji),
        added: readFlag(added),
      }
    }
    case 'MemberAdded':
    case 'MemberRemoved':
      return { type, ...place, userId: readUserId(event['userId']) }
    case 'MemberRoleChanged':
      return { type, ...place, userId: readUserId(event['userId']), role: readOneOf(event['role'], ROLES) }
    case 'ChatUpdated':
      return { type, ...place }
    default:
      throw malformed(type)
  }
}

function readSignal(json: unknown): Signal {
  const signal = readObject(json)
  const chatId = readChatId(signal['chatId'])
  const userId = readUserId(signal['userId'])
  const type = signal['type'] as Signal['type']
  switch (type) {
    case 'ReceiptAdvanced': {
      const { deliveredSeq, readSeq: seq, at, onlyTo } = signal
      return {
        type,
        chatId,
        userId,
        deliveredSeq: readSeq(deliveredSeq),
        readSeq: readSeq(seq),
        at: readInstant(at),
        ...(onlyTo === undefined ? {} : { onlyTo: readList(onlyTo, readUserId) }),
      }
    }
    case 'TypingChanged':
      return { type, chatId, userId, typing: readFlag(signal['typing']) }
    default:
      throw malformed(type)
  }
}

/** Committed events of chats whose members may be on the receiving gateway. */
export const chatEventTopic: Topic<readonly ChatEvent[]> = {
  field: 'events',
  read: (json) => readList(json, readEvent),
  absent: [],
}

/** Receipts and typing. */
export const signalTopic: Topic<readonly Signal[]> = {
  field: 'signals',
  read: (json) => readList(json, readSignal),
  absent: [],
}

/** True: the sender could not publish something, so the receiver may have missed it and must resync. */
export const resyncTopic: Topic<boolean> = { field: 'isAlarm', read: readFlag, absent: false }
