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
import type { Attachment } from '../events/attachment.ts'
import type { ChatEvent, ChatEventType } from '../events/chat-event.ts'
import type { Message } from '../events/message.ts'
import type { JsonObject } from '../lib/bounded-json.ts'
import type { Signal } from '../events/signal.ts'
import { type AttachmentId, type ChatId, MAX_SEQ, type Seq, type UserId } from '../ids.ts'

// Ids are branded by the compiler alone.
const readChatId = (json: unknown): ChatId => readId(json) as ChatId
const readUserId = (json: unknown): UserId => readId(json) as UserId
const readSeq = (json: unknown): Seq => readNatural(json, MAX_SEQ)
/** GraphQL's `Int`, as a seq. */
const readSize = (json: unknown): number => readNatural(json, MAX_SEQ)
const KINDS = ['IMAGE', 'VIDEO', 'AUDIO', 'FILE'] as const
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
    ...readCustom(message['type'], message['data']),
    sentAt: readInstant(message['sentAt']),
    editedAt: readNullable(message['editedAt'], readInstant),
    deletedAt: readNullable(message['deletedAt'], readInstant),
    expiresAt: readNullable(message['expiresAt'], readInstant),
    ...readAttachments(message['attachmentCount'], message['attachments']),
    ...readJustSent(message['isJustSent']),
  }
}

/** A gateway of an earlier version sends none of both. */
function readCustom(type: unknown, data: unknown): Pick<Message, 'type' | 'data'> {
  return {
    type: type === undefined ? null : readNullable(type, readText),
    data: data === undefined ? null : readNullable(data, readData),
  }
}

function readData(json: unknown): JsonObject {
  return readObject(json) as JsonObject
}

/** A gateway of an earlier version sends none of both. */
function readAttachments(count: unknown, json: unknown): Pick<Message, 'attachmentCount' | 'attachments'> {
  const attachmentCount = count === undefined ? 0 : readSize(count)
  return json === undefined
    ? { attachmentCount }
    : { attachmentCount, attachments: readList(json, readAttachment) }
}

function readAttachment(json: unknown): Attachment {
  const attachment = readObject(json)
  return {
    id: readId(attachment['id']) as AttachmentId,
    kind: readOneOf(attachment['kind'], KINDS),
    fileName: readText(attachment['fileName']),
    altText: readNullable(attachment['altText'] ?? null, readText),
    contentType: readText(attachment['contentType']),
    byteSize: readSize(attachment['byteSize']),
    width: readNullable(attachment['width'], readSize),
    height: readNullable(attachment['height'], readSize),
    thumbhash: readNullable(attachment['thumbhash'], readText),
    hasThumbnails: readFlag(attachment['hasThumbnails']),
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
    case 'ChatDeleted':
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
