import type { ChatState, ChatSummary, Member, Message, QuotedMessage, User } from '../api.ts'
import { keepArray, keepIdentity, keepShallow } from '../lib/equal.ts'
import { type ChatRecord, isUnread, MAX_UNREAD, type MessageRecord, type QuoteRecord } from './records.ts'
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
  /** By the server's clock, in milliseconds. */
  nowMs: number
}>

/** A chat in the terms of the public API. */
export type ChatView = Readonly<{ summary: ChatSummary; state: ChatState }>

/** Builds the views of one chat. Unchanged parts keep their identity from one view to the next. */
export function createChatView(): (chat: ChatRecord, sources: Sources) => ChatView {
  let previous: ChatView | undefined
  let shown = new Map<string, Shown>()

  return (chat, sources) => {
    const statusOf = statusIn(chat)
    const before = shown
    shown = new Map()
    const show = (record: MessageRecord): Message => {
      const status = statusOf(record)
      const known = before.get(record.id)
      const { usersVersion } = sources
      // The common case of a long chat: nothing of this message changed, so nothing of it is built or compared.
      const isSame =
        known?.record === record && known.status === status && known.usersVersion === usersVersion
      const message =
        isSame && !hasLifetime(record)
          ? known.message
          : keepIdentity(known?.message, toMessage(record, status, sources))
      shown.set(record.id, { record, status, usersVersion, message })
      return message
    }
    const messages = chat.messages.map(show)
    const last = chat.lastMessage
    const lastMessage = last === null ? null : (shown.get(last.id)?.message ?? show(last))
    const summary = keepIdentity(previous?.summary, toSummary(chat, lastMessage, sources))
    const state: ChatState = {
      ...summary,
      isLoaded: chat.isLoaded,
      headSeq: chat.headSeq,
      members: keepIdentity(previous?.state.members, toMembers(chat, sources)),
      messages: keepArray(previous?.state.messages, [...messages, ...sources.unsent]),
      hasOlder: chat.olderCursor !== null || !chat.isLoaded,
      messageTtlSeconds: chat.messageTtlSeconds,
    }
    previous = { summary, state: keepShallow(previous?.state, state) }
    return previous
  }
}

type Shown = Readonly<{
  record: MessageRecord
  status: Message['status']
  usersVersion: number
  message: Message
}>

function hasLifetime({ expiresAt, replyTo }: MessageRecord): boolean {
  return expiresAt !== null || (replyTo !== null && replyTo.expiresAt !== null)
}

/** Messages that are neither deleted, expired nor the viewer's own, after what the viewer has read. */
export function unreadCount(chat: ChatRecord, viewerId: string, nowMs: number): number {
  if (chat.unreadBefore === undefined) return MAX_UNREAD
  const inWindow = chat.messages.filter(
    (message) => isUnread(message, chat, viewerId) && !isExpired(message, nowMs),
  ).length
  return Math.min(MAX_UNREAD, chat.unreadBefore + inWindow)
}

export function isExpired({ expiresAt }: { expiresAt: string | null }, nowMs: number): boolean {
  return expiresAt !== null && Date.parse(expiresAt) <= nowMs
}

/** When the next content of the chat disappears, in milliseconds; undefined if none will. */
export function nextExpiryMs({ messages, lastMessage }: ChatRecord, nowMs: number): number | undefined {
  const shown = [
    ...messages,
    ...messages.flatMap(({ replyTo }) => replyTo ?? []),
    ...(lastMessage === null ? [] : [lastMessage]),
  ]
  const times = shown
    .map(({ expiresAt }) => (expiresAt === null ? Infinity : Date.parse(expiresAt)))
    .filter((ms) => ms > nowMs)
  const next = times.reduce((a, b) => Math.min(a, b), Infinity)
  return next === Infinity ? undefined : next
}

function toSummary(chat: ChatRecord, lastMessage: Message | null, sources: Sources): ChatSummary {
  const { viewerId, user, typing, unsent, nowMs } = sources
  const otherId = [...chat.members.keys()].find((id) => id !== viewerId)
  const otherUser = chat.kind === 'DIRECT' && otherId !== undefined ? user(otherId) : undefined
  return {
    id: chat.id,
    kind: chat.kind,
    title: chat.title ?? otherUser?.name ?? '',
    avatarUrl: otherUser?.avatarUrl ?? null,
    lastMessage,
    newestUnsent: unsent.at(-1) ?? null,
    lastActivityAt: new Date(chat.lastActivityAt),
    unreadCount: unreadCount(chat, viewerId, nowMs),
    typing,
    otherUser,
    isMember: chat.isMember,
    memberCount: chat.memberCount,
  }
}

function toMembers({ members, watermarks }: ChatRecord, { user }: Sources): readonly Member[] {
  return [...members].map(([id, role]) => {
    const { deliveredSeq, readSeq } = watermarks.get(id) ?? { deliveredSeq: 0, readSeq: 0 }
    return { user: user(id), role, deliveredSeq, readSeq }
  })
}

/** A message that only this device knows. */
export const UNSENT = {
  id: undefined,
  seq: undefined,
  attachments: [],
  reactions: [],
  editedAt: null,
  deletedAt: null,
  expiresAt: null,
  error: undefined,
  uploadProgress: undefined,
} as const satisfies Partial<Message>

/** Deleted and expired messages stay in their place, without content. */
function toMessage(record: MessageRecord, status: Message['status'], sources: Sources): Message {
  const { id, seq, clientMessageId, senderId, replyTo, sentAt, editedAt, deletedAt, expiresAt } = record
  const { user, nowMs } = sources
  const isGone = deletedAt !== null || isExpired(record, nowMs)
  return {
    ...UNSENT,
    id,
    seq,
    clientMessageId,
    sender: user(senderId),
    body: isGone ? null : record.body,
    attachments: isGone ? [] : record.attachments,
    replyTo: replyTo === null ? null : toQuote(replyTo, sources),
    reactions: isGone
      ? []
      : record.reactions.map(({ emoji, userIds }) => ({ emoji, users: userIds.map(user) })),
    sentAt: new Date(sentAt),
    editedAt: toDate(editedAt),
    deletedAt: toDate(deletedAt),
    expiresAt: toDate(expiresAt),
    status,
  }
}

function toQuote(record: QuoteRecord, { user, nowMs }: Sources): QuotedMessage {
  const { id, body, senderId } = record
  return { id, body: isExpired(record, nowMs) ? null : body, sender: user(senderId) }
}

function toDate(text: string | null): Date | null {
  return text === null ? null : new Date(text)
}
