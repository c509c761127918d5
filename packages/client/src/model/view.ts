import type { ChatState, ChatSummary, Member, Message, MessageStatus, User } from '../api.ts'
import { keepArray, keepIdentity } from '../lib/equal.ts'
import { toDate } from '../lib/to-date.ts'
import {
  type ChatRecord,
  isExpired,
  isUnread,
  MAX_UNREAD,
  NO_WATERMARKS,
  type MessageRecord,
} from './records.ts'
import { statusIn } from './status.ts'

/** The sources of a view, besides the chat's record. */
export type Sources = Readonly<{
  viewerId: string
  user(id: string): User
  /** Changes whenever a user does. */
  usersVersion: number
  /** Users who are typing in the chat. */
  typing: readonly User[]
  /** Messages of this device that the log does not hold yet, in the order of `send`. */
  unsent: readonly Message[]
  /** By the server's clock. Times of this format compare as texts. */
  now: string
}>

/** A chat in the terms of the public API. */
export type ChatView = Readonly<{ summary: ChatSummary; state: ChatState }>

/**
 * Builds the views of one chat. Unchanged parts keep their identity from one view to the next. A change of one message
 * builds the view of a long chat anew, so nothing is allocated for a message that did not change.
 */
export function createChatView(): (chat: ChatRecord, sources: Sources) => ChatView {
  let previous: ChatView | undefined
  let shown = new Map<string, Shown>()

  return (chat, sources) => {
    const { usersVersion, now } = sources
    const statusOf = statusIn(chat)
    const show = (record: MessageRecord): Message => {
      const known = shown.get(record.id)
      const { replyTo } = record
      const status = statusOf(record)
      const isGone = isExpired(record, now)
      const isQuoteGone = replyTo !== null && isExpired(replyTo, now)
      const basis = usersVersion * 4 + (isGone ? 2 : 0) + (isQuoteGone ? 1 : 0)
      if (known?.record === record && known.message.status === status && known.basis === basis)
        return known.message
      const message = keepIdentity(
        known?.message,
        toMessage(record, status, isGone, isQuoteGone, sources.user),
      )
      shown.set(record.id, { record, basis, message })
      return message
    }
    const messages = chat.messages.map(show)
    const last = chat.lastMessage
    const newest = messages.at(-1)
    const lastMessage = last && newest?.id === last.id ? newest : last && show(last)
    // Messages have left the chat: those that remain are kept.
    if (shown.size > messages.length + 1)
      shown = new Map(chat.messages.map(({ id }) => [id, shown.get(id) as Shown]))
    const summary = keepIdentity(previous?.summary, toSummary(chat, lastMessage, sources))
    messages.push(...sources.unsent)
    const state: ChatState = {
      ...summary,
      isLoaded: chat.isLoaded,
      headSeq: chat.headSeq,
      members: keepIdentity(previous?.state.members, toMembers(chat, sources)),
      messages: keepArray(previous?.state.messages, messages),
      hasOlder: chat.olderCursor !== null || !chat.isLoaded,
      messageTtlSeconds: chat.messageTtlSeconds,
    }
    previous = { summary, state: keepIdentity(previous?.state, state) }
    return previous
  }
}

/** A message, and the rest that its content depends on, as one number, which is cheap to compare. */
type Shown = Readonly<{ record: MessageRecord; basis: number; message: Message }>

/** Messages that are neither deleted, expired nor the viewer's own, after what the viewer has read. */
export function unreadCount(chat: ChatRecord, viewerId: string, now: string): number {
  if (chat.unreadBefore === undefined) return MAX_UNREAD
  const inWindow = chat.messages.filter(
    (message) => isUnread(message, chat, viewerId) && !isExpired(message, now),
  ).length
  return Math.min(MAX_UNREAD, chat.unreadBefore + inWindow)
}

/** When the next content of the chat disappears, or its muting ends; undefined if none will. */
export function nextExpiry(
  { messages, lastMessage, notifications }: ChatRecord,
  now: string,
): string | undefined {
  let next: string | undefined
  for (const item of [...messages, lastMessage, notifications as Partial<MessageRecord> | undefined]) {
    for (const at of [item?.expiresAt, item?.replyTo?.expiresAt]) {
      if (at && at > now && at <= (next ?? at)) next = at
    }
  }
  return next
}

function toSummary(chat: ChatRecord, lastMessage: Message | null, sources: Sources): ChatSummary {
  const { viewerId, user, typing, unsent, now } = sources
  const { notifications } = chat
  const isMuted = notifications?.level === 'NONE' && !isExpired(notifications, now)
  const otherId = Object.keys(chat.members).find((id) => id !== viewerId)
  const otherUser = chat.kind === 'DIRECT' && otherId !== undefined ? user(otherId) : undefined
  return {
    id: chat.id,
    kind: chat.kind,
    title: chat.title ?? otherUser?.name ?? '',
    avatarUrl: otherUser?.avatarUrl ?? null,
    lastMessage,
    newestUnsent: unsent.at(-1) ?? null,
    lastActivityAt: new Date(chat.lastActivityAt),
    unreadCount: unreadCount(chat, viewerId, now),
    muting: isMuted ? { until: toDate(notifications.expiresAt) } : null,
    typing,
    otherUser,
    isMember: chat.isMember,
    memberCount: chat.memberCount,
  }
}

function toMembers({ members, watermarks }: ChatRecord, { user }: Sources): readonly Member[] {
  return Object.entries(members).map(([id, { role }]) => ({
    user: user(id),
    role,
    ...(watermarks[id] ?? NO_WATERMARKS),
  }))
}

/** A message that only this device knows. */
export const UNSENT = {
  id: undefined,
  seq: undefined,
  kind: 'USER',
  attachments: [],
  reactions: [],
  editedAt: null,
  deletedAt: null,
  expiresAt: null,
  error: undefined,
  uploadProgress: undefined,
} as const satisfies Partial<Message>

/** Deleted and expired messages stay in their place, without content. */
function toMessage(
  record: MessageRecord,
  status: MessageStatus,
  isGone: boolean,
  isQuoteGone: boolean,
  user: Sources['user'],
): Message {
  const { senderId, replyTo, sentAt, editedAt, deletedAt, expiresAt, ...plain } = record
  const isEmpty = isGone || deletedAt !== null
  return {
    ...UNSENT,
    ...plain,
    sender: user(senderId),
    replyTo: replyTo && {
      id: replyTo.id,
      body: isQuoteGone ? null : replyTo.body,
      sender: user(replyTo.senderId),
    },
    reactions: record.reactions.map(({ emoji, userIds }) => ({ emoji, users: userIds.map(user) })),
    sentAt: new Date(sentAt),
    editedAt: toDate(editedAt),
    deletedAt: toDate(deletedAt),
    expiresAt: toDate(expiresAt),
    status,
    ...(isEmpty && { body: null, attachments: [], reactions: [] }),
  }
}
