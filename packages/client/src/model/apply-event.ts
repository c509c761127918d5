import type { EventData } from '../graphql/responses.ts'
import {
  advance,
  type ChatRecord,
  isExpired,
  isUnread,
  type MessageRecord,
  reachesWindow,
  toMessage,
  unreadIn,
  type Watermarks,
} from './records.ts'

/** A chat that is not open keeps this many of the messages that events brought. */
const KEPT_UNLOADED = 30

/**
 * Applies the next event of a chat's log. The caller has made sure that it is the next one; users are noted before.
 * An event type that the client does not know advances the position and changes nothing else.
 */
export function applyEvent(chat: ChatRecord, event: EventData, viewerId: string): ChatRecord {
  const changed = change(chat, event, viewerId)
  return { ...changed, headSeq: event.seq, lastActivityAt: event.at }
}

function change(chat: ChatRecord, event: EventData, viewerId: string): ChatRecord {
  const { __typename: type, message, user } = event
  if (message !== undefined) {
    const record = toMessage(message, () => undefined)
    return type === 'MessageSent' ? append(chat, record, viewerId) : replace(chat, record, event, viewerId)
  }
  if (type === 'ChatUpdated') {
    const { title = chat.title, messageTtlSeconds = chat.messageTtlSeconds } = event.chat
    return { ...chat, title, messageTtlSeconds }
  }
  if (user === undefined) return chat
  switch (type) {
    case 'MemberAdded': {
      const before = event.seq - 1
      return {
        ...chat,
        memberCount: chat.memberCount + 1,
        members: { ...chat.members, [user.id]: { role: 'MEMBER', joinedAt: event.at } },
        watermarks: advance(chat.watermarks, user.id, { deliveredSeq: before, readSeq: before }),
      }
    }
    case 'MemberRoleChanged': {
      const known = chat.members[user.id]
      const { role } = event
      return known === undefined || role === undefined
        ? chat
        : { ...chat, members: { ...chat.members, [user.id]: { ...known, role } } }
    }
    case 'MemberRemoved':
      return removeMember({ ...chat, memberCount: chat.memberCount - 1 }, user.id, viewerId, event.at)
    default:
      return chat
  }
}

/** A user who has left sees no member but themselves. */
function removeMember(chat: ChatRecord, userId: string, viewerId: string, at: string): ChatRecord {
  const isViewer = userId === viewerId
  const { [userId]: removed, ...others } = chat.members
  const members = isViewer && removed !== undefined ? { [userId]: removed } : others
  const leftAt = isViewer ? at : chat.leftAt
  return { ...chat, members, leftAt, isMember: !isViewer, hasAllMembers: isViewer || chat.hasAllMembers }
}

function append(chat: ChatRecord, message: MessageRecord, viewerId: string): ChatRecord {
  const messages = [...chat.messages, message]
  const withMessage = { ...chat, messages, lastMessage: message }
  return chat.isLoaded ? withMessage : trim(withMessage, viewerId)
}

/** Puts the next older page before the messages of a chat. */
export function prependOlder(
  chat: ChatRecord,
  older: readonly MessageRecord[],
  olderCursor: string | null,
  viewerId: string,
): ChatRecord {
  const unread = unreadIn(older, chat, viewerId)
  return {
    ...chat,
    messages: [...older, ...chat.messages],
    olderCursor,
    unreadBefore: olderCursor === null ? 0 : moved(chat, -unread),
  }
}

/** Unread messages before the window, changed by some. At least 999 stay at least 999. */
function moved({ unreadBefore: before }: ChatRecord, by: number): number | undefined {
  return before === undefined ? before : Math.max(0, before + by)
}

/** Messages that leave the window are counted as unread before it. */
function trim(chat: ChatRecord, viewerId: string): ChatRecord {
  if (chat.messages.length <= KEPT_UNLOADED) return chat
  const dropped = chat.messages.slice(0, -KEPT_UNLOADED)
  const unread = unreadIn(dropped, chat, viewerId)
  return { ...chat, messages: chat.messages.slice(-KEPT_UNLOADED), unreadBefore: moved(chat, unread) }
}

/** Messages that quote the changed one show its new body. */
function replace(chat: ChatRecord, message: MessageRecord, event: EventData, viewerId: string): ChatRecord {
  const update = (known: MessageRecord): MessageRecord => {
    if (known.id === message.id) return { ...message, status: known.status }
    if (known.replyTo?.id !== message.id) return known
    return { ...known, replyTo: { ...known.replyTo, body: message.body } }
  }
  const isInWindow = chat.messages.some(({ id }) => id === message.id)
  const messages = chat.messages.map(update)
  const lastMessage = chat.lastMessage && update(chat.lastMessage)
  const changed = { ...chat, messages, lastMessage }
  return isInWindow || event.__typename !== 'MessageDeleted'
    ? changed
    : countDeleted(changed, message, event, viewerId)
}

/** A deleted message before the window no longer counts as unread, if it did: expired ones had ceased to. */
function countDeleted(
  chat: ChatRecord,
  message: MessageRecord,
  { at }: EventData,
  viewerId: string,
): ChatRecord {
  const counted = isUnread({ ...message, deletedAt: null }, chat, viewerId) && !isExpired(message, at)
  return counted ? { ...chat, unreadBefore: moved(chat, -1) } : chat
}

/** Applies a receipt. Returns the same record if it changes nothing. */
export function applyReceipt(
  chat: ChatRecord,
  userId: string,
  marks: Readonly<{ deliveredSeq: number; readSeq: number }>,
  viewerId: string,
): ChatRecord {
  const watermarks = advance(chat.watermarks, userId, marks)
  if (watermarks === chat.watermarks) return chat
  const advanced = { ...chat, watermarks }
  const isFormer = chat.hasAllMembers && chat.members[userId] === undefined
  if (isFormer && Object.keys(chat.members).length === 1) return raiseStatus(advanced, marks)
  if (userId !== viewerId) return advanced
  // Short of it, only the server knows.
  return reachesWindow(chat, marks.readSeq) ? { ...advanced, unreadBefore: 0 } : advanced
}

/** Where no other member is left, the newest watermark of a former one makes the status. It only grows. */
function raiseStatus(chat: ChatRecord, { deliveredSeq, readSeq }: Watermarks): ChatRecord {
  const raise = (message: MessageRecord): MessageRecord => {
    if (message.seq <= readSeq) return { ...message, status: 'READ' }
    const isRaised = message.seq <= deliveredSeq && message.status === 'SENT'
    return isRaised ? { ...message, status: 'DELIVERED' } : message
  }
  const { messages, lastMessage } = chat
  return { ...chat, messages: messages.map(raise), lastMessage: lastMessage && raise(lastMessage) }
}
