import type { Attachment, ChatKind, MemberRole, MessageKind, User } from '../api.ts'
import type {
  ChatData,
  EventData,
  MemberData,
  MessageData,
  NotificationsData,
  SummaryData,
} from '../graphql/responses.ts'

/*
 * The state of the client, without derived values. Records are immutable plain JSON, so that any storage can keep them.
 * Users are kept once and referenced by id, so that a new name shows everywhere.
 */

export type Watermarks = Readonly<{ deliveredSeq: number; readSeq: number }>

export type MemberRecord = Readonly<{
  role: MemberRole
  /** When the present membership period began. */
  joinedAt: string
}>

export type QuoteRecord = Readonly<{
  id: string
  body: string | null
  senderId: string
  expiresAt: string | null
}>

export type MessageRecord = Readonly<{
  id: string
  seq: number
  kind: MessageKind
  clientMessageId: string
  senderId: string
  body: string | null
  attachments: readonly Attachment[]
  replyTo: QuoteRecord | null
  reactions: readonly Readonly<{ emoji: string; userIds: readonly string[] }>[]
  sentAt: string
  editedAt: string | null
  deletedAt: string | null
  expiresAt: string | null
  /** As the server said. Used only where the watermarks of all members are not known. */
  status: string
}>

export type ChatRecord = Readonly<{
  id: string
  kind: ChatKind
  title: string | null
  headSeq: number
  createdAt: string
  lastActivityAt: string
  messageTtlSeconds: number | null
  memberCount: number
  /** False once the viewer has left. */
  isMember: boolean
  /** The known present members, by user id. Only the viewer once they have left. */
  members: Readonly<Record<string, MemberRecord>>
  /** When the viewer left. Null while they are a member. */
  leftAt: string | null
  /** Whether `members` names all of them. */
  hasAllMembers: boolean
  /** Undefined until the chat is read; records of earlier versions have none. */
  notifications?: NotificationsData
  /** By user id. Of members, and of users whose MemberAdded a receipt has overtaken. */
  watermarks: Readonly<Record<string, Watermarks>>
  /** Newest message, also if it is not in `messages`. */
  lastMessage: MessageRecord | null
  /** The newest messages without a gap, by seq. */
  messages: readonly MessageRecord[]
  /** Unread messages before the first of `messages`; undefined: at least 999. */
  unreadBefore: number | undefined
  /** Whether the first page of messages and all members were loaded. */
  isLoaded: boolean
  /** Cursor of the first of `messages`, if there are older ones. */
  olderCursor: string | null
}>

/** Takes in the users that a response names. */
export type NoteUser = (user: User) => void

export const MAX_UNREAD = 999
export const NO_WATERMARKS: Watermarks = { deliveredSeq: 0, readSeq: 0 }

export function toMessage(data: MessageData, note: NoteUser): MessageRecord {
  const { replyTo, reactions, ...rest } = data
  return {
    ...withSenderId(rest, note),
    replyTo: replyTo && withSenderId(replyTo, note),
    reactions: reactions.map(({ emoji, users }) => {
      for (const user of users) note(user)
      return { emoji, userIds: users.map(({ id }) => id) }
    }),
  }
}

function withSenderId<Data extends Readonly<{ sender: User }>>(
  data: Data,
  note: NoteUser,
): Omit<Data, 'sender'> & Readonly<{ senderId: string }> {
  const { sender, ...rest } = data
  note(sender)
  return { ...rest, senderId: sender.id }
}

/** A chat of which nothing is known yet. */
export const UNKNOWN_CHAT: ChatRecord = {
  id: '',
  kind: 'GROUP',
  title: null,
  headSeq: 0,
  createdAt: '1970',
  lastActivityAt: '1970',
  messageTtlSeconds: null,
  memberCount: 0,
  isMember: true,
  members: {},
  leftAt: null,
  hasAllMembers: false,
  watermarks: {},
  lastMessage: null,
  messages: [],
  unreadBefore: 0,
  isLoaded: false,
  olderCursor: null,
}

/** The record of a chat that was queried without its messages. */
export function fromSummary(data: SummaryData, note: NoteUser): ChatRecord {
  const { viewerMember, unreadCount, members: page, lastMessage, ...fields } = data
  const isMember = viewerMember.leftAt === null
  const listed = toMembers(
    viewerMember,
    page.edges.map(({ node }) => node),
    note,
  )
  return {
    ...UNKNOWN_CHAT,
    ...fields,
    ...listed,
    isMember,
    leftAt: viewerMember.leftAt,
    hasAllMembers: !isMember || Object.keys(listed.members).length >= data.memberCount,
    lastMessage: lastMessage && toMessage(lastMessage, note),
    unreadBefore: unreadCount >= MAX_UNREAD ? undefined : unreadCount,
  }
}

/** The record of a chat that was queried with a page of messages and all of its members. */
export function fromChat(
  data: ChatData,
  members: readonly MemberData[],
  viewerId: string,
  note: NoteUser,
): ChatRecord {
  const { messages: page, ...fields } = data
  const summary = fromSummary(fields, note)
  const messages = page.edges.map(({ node }) => toMessage(node, note))
  const { hasPreviousPage, startCursor } = page.pageInfo
  const chat: ChatRecord = {
    ...summary,
    ...toMembers(data.viewerMember, members, note),
    hasAllMembers: true,
    messages,
    unreadBefore: 0,
    isLoaded: true,
    olderCursor: hasPreviousPage ? startCursor : null,
  }
  const inPage = unreadIn(messages, chat, viewerId)
  const before = hasPreviousPage ? Math.max(0, data.unreadCount - inPage) : 0
  return { ...chat, unreadBefore: data.unreadCount >= MAX_UNREAD && hasPreviousPage ? undefined : before }
}

/** Whether the content is gone. Times of this format compare as texts. */
export function isExpired({ expiresAt }: { expiresAt: string | null }, now: string): boolean {
  return expiresAt !== null && expiresAt <= now
}

/** Whether a message counts as unread, apart from its expiry, which time decides. */
export function isUnread(message: MessageRecord, chat: ChatRecord, viewerId: string): boolean {
  const isOfOther = message.senderId !== viewerId && message.kind !== 'SYSTEM'
  return isOfOther && message.seq > readSeqOf(chat, viewerId) && message.deletedAt === null
}

/** How many of the messages count as unread, apart from their expiry. */
export function unreadIn(messages: readonly MessageRecord[], chat: ChatRecord, viewerId: string): number {
  return messages.filter((message) => isUnread(message, chat, viewerId)).length
}

/** How far the viewer has read. */
export function readSeqOf({ watermarks }: ChatRecord, viewerId: string): number {
  return watermarks[viewerId]?.readSeq ?? 0
}

/** Whether everything before the first of the chat's messages was read, if everything up to `readSeq` was. */
export function reachesWindow({ messages, headSeq }: ChatRecord, readSeq: number): boolean {
  return readSeq >= (messages[0]?.seq ?? headSeq + 1) - 1
}

/** Watermarks only grow. */
export function advance(
  watermarks: ChatRecord['watermarks'],
  userId: string,
  { deliveredSeq, readSeq }: Watermarks,
): ChatRecord['watermarks'] {
  const before = watermarks[userId] ?? NO_WATERMARKS
  if (deliveredSeq <= before.deliveredSeq && readSeq <= before.readSeq) return watermarks
  const after = {
    deliveredSeq: Math.max(before.deliveredSeq, deliveredSeq),
    readSeq: Math.max(before.readSeq, readSeq),
  }
  return { ...watermarks, [userId]: after }
}

/** A viewer who has left sees only their own membership. */
function toMembers(
  viewerMember: MemberData,
  others: readonly MemberData[],
  note: NoteUser,
): Pick<ChatRecord, 'members' | 'watermarks'> {
  const members: Record<string, MemberRecord> = {}
  let watermarks: ChatRecord['watermarks'] = {}
  for (const member of viewerMember.leftAt === null ? [viewerMember, ...others] : [viewerMember]) {
    const { user, role, joinedAt } = member
    note(user)
    members[user.id] = { role, joinedAt }
    watermarks = advance(watermarks, user.id, member)
  }
  return { members, watermarks }
}

/** The users that an event names. */
export function usersOf({ actor, user, message }: EventData): readonly User[] {
  const named = [actor, user, message?.sender, message?.replyTo?.sender]
  const reacted = message?.reactions.flatMap(({ users }) => users) ?? []
  return [...named.filter((user) => user !== undefined), ...reacted]
}
