import type { Attachment, ChatKind, MemberRole, User } from '../api.ts'
import type { ChatData, EventData, MemberData, MessageData, SummaryData } from '../graphql/responses.ts'

/*
 * The state of the client, without derived values. Records are immutable and structured-cloneable. Users are kept once
 * and referenced by id, so that a new name shows everywhere.
 */

export type Watermarks = Readonly<{ deliveredSeq: number; readSeq: number }>

export type QuoteRecord = Readonly<{
  id: string
  body: string | null
  senderId: string
  expiresAt: string | null
}>

export type MessageRecord = Readonly<{
  id: string
  seq: number
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
  /** The known present members. Only the viewer once they have left. */
  members: ReadonlyMap<string, MemberRole>
  /** When the membership period of each member began. */
  joinedAt: ReadonlyMap<string, string>
  /** When the viewer left. Null while they are a member. */
  leftAt: string | null
  /** Whether `members` names all of them. */
  hasAllMembers: boolean
  /** Of members, and of users whose MemberAdded a receipt has overtaken. */
  watermarks: ReadonlyMap<string, Watermarks>
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

export function toMessage(data: MessageData, note: NoteUser): MessageRecord {
  const { sender, replyTo, reactions, chat: _chat, ...rest } = data
  note(sender)
  return {
    ...rest,
    senderId: sender.id,
    replyTo: replyTo === null ? null : toQuote(replyTo, note),
    reactions: reactions.map(({ emoji, users }) => {
      for (const user of users) note(user)
      return { emoji, userIds: users.map(({ id }) => id) }
    }),
  }
}

function toQuote(data: NonNullable<MessageData['replyTo']>, note: NoteUser): QuoteRecord {
  note(data.sender)
  const { id, body, sender, expiresAt } = data
  return { id, body, senderId: sender.id, expiresAt }
}

/** A chat of which nothing is known yet. */
export const UNKNOWN_CHAT: ChatRecord = {
  id: '',
  kind: 'GROUP',
  title: null,
  headSeq: 0,
  createdAt: '1970-01-01T00:00:00.000Z',
  lastActivityAt: '1970-01-01T00:00:00.000Z',
  messageTtlSeconds: null,
  memberCount: 0,
  isMember: true,
  members: new Map(),
  joinedAt: new Map(),
  leftAt: null,
  hasAllMembers: false,
  watermarks: new Map(),
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
  const listed = isMember ? page.edges.map(({ node }) => node) : []
  const members = new Map([viewerMember, ...listed].map((member) => [member.user.id, member.role]))
  return {
    ...UNKNOWN_CHAT,
    ...fields,
    isMember,
    members,
    joinedAt: joinTimes([viewerMember, ...listed]),
    leftAt: viewerMember.leftAt,
    hasAllMembers: !isMember || members.size >= data.memberCount,
    watermarks: watermarksOf([viewerMember, ...listed], note),
    lastMessage: lastMessage === null ? null : toMessage(lastMessage, note),
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
  const all = summary.isMember ? [data.viewerMember, ...members] : [data.viewerMember]
  const chat: ChatRecord = {
    ...summary,
    members: new Map(all.map(({ user, role }) => [user.id, role])),
    joinedAt: joinTimes(all),
    hasAllMembers: true,
    watermarks: watermarksOf(all, note),
    messages,
    unreadBefore: 0,
    isLoaded: true,
    olderCursor: hasPreviousPage ? startCursor : null,
  }
  const inPage = messages.filter((message) => isUnread(message, chat, viewerId)).length
  const before = hasPreviousPage ? Math.max(0, data.unreadCount - inPage) : 0
  return { ...chat, unreadBefore: data.unreadCount >= MAX_UNREAD && hasPreviousPage ? undefined : before }
}

function joinTimes(members: readonly MemberData[]): ReadonlyMap<string, string> {
  return new Map(members.map(({ user, joinedAt }) => [user.id, joinedAt]))
}

/** Whether a message counts as unread, apart from its expiry, which time decides. */
export function isUnread(message: MessageRecord, { watermarks }: ChatRecord, viewerId: string): boolean {
  const readSeq = watermarks.get(viewerId)?.readSeq ?? 0
  return message.seq > readSeq && message.senderId !== viewerId && message.deletedAt === null
}

/** Watermarks only grow. */
export function advance(
  watermarks: ReadonlyMap<string, Watermarks>,
  userId: string,
  { deliveredSeq, readSeq }: Watermarks,
): ReadonlyMap<string, Watermarks> {
  const before = watermarks.get(userId) ?? { deliveredSeq: 0, readSeq: 0 }
  if (deliveredSeq <= before.deliveredSeq && readSeq <= before.readSeq) return watermarks
  return new Map(watermarks).set(userId, {
    deliveredSeq: Math.max(before.deliveredSeq, deliveredSeq),
    readSeq: Math.max(before.readSeq, readSeq),
  })
}

function watermarksOf(members: readonly MemberData[], note: NoteUser): ReadonlyMap<string, Watermarks> {
  let watermarks: ReadonlyMap<string, Watermarks> = new Map()
  for (const member of members) {
    note(member.user)
    watermarks = advance(watermarks, member.user.id, member)
  }
  return watermarks
}

/** The users that an event names. */
export function usersOf({ actor, user, message }: EventData): readonly User[] {
  const named = [actor, user, message?.sender, message?.replyTo?.sender]
  const reacted = message?.reactions.flatMap(({ users }) => users) ?? []
  return [...named.filter((user) => user !== undefined), ...reacted]
}
