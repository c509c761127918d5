import type { ChatData, MemberData, MessageData } from './documents.ts'
import type { StreamItem } from './person.ts'

type Marks = Readonly<{ deliveredSeq: number; readSeq: number }>
type Role = MemberData['role']

/** One chat as a client keeps it: one query, with the events since then applied. */
export type ClientChat = {
  headSeq: number
  lastActivityAt: string
  title: string | null
  messageTtlSeconds: number | null
  data: unknown
  /** False after the viewer was removed. The client keeps the chat as it was then. */
  isPresent: boolean
  memberCount: number
  /** The present members. After the viewer left, only the viewer. */
  members: Map<string, Role>
  /** Of all users with a receipt, members or not: a receipt may arrive before the event that adds its member. */
  watermarks: Map<string, Marks>
  /** The status is the newest of the server. It counts only if no other member is left than the sender. */
  messages: Map<string, MessageData>
}

/** A chat in the shape in which client state and query are compared. */
export type ChatState = Readonly<{
  id: string
  headSeq: number
  lastActivityAt: string
  title: string | null
  messageTtlSeconds: number | null
  data: unknown
  memberCount: number
  members: Readonly<Record<string, Role>>
  watermarks: Readonly<Record<string, Marks>>
  lastMessageId: string | undefined
  messageIds: readonly string[]
  /** Undefined after the viewer was removed: it may change then without an event. */
  present: PresentState | undefined
}>

type PresentState = Readonly<{
  unreadCount: number
  messages: readonly MessageData[]
}>

/** Returns a chat of which only the existence is known. */
export function emptyChat(): ClientChat {
  const nothing = { headSeq: 0, lastActivityAt: '', title: null, messageTtlSeconds: null, data: null }
  const noMembers = { isPresent: true, memberCount: 0, members: new Map(), watermarks: new Map() }
  return { ...nothing, ...noMembers, messages: new Map() }
}

/** Returns the chat as queried. Known watermarks may be newer than the query, and watermarks never decrease. */
export function fromQuery(chat: ChatData, known?: ClientChat): ClientChat {
  const { headSeq, lastActivityAt, title, messageTtlSeconds, data, memberCount, viewerMember } = chat
  // A query is not a snapshot: its list of members may lack the viewer before the event of the removal arrives.
  const members = [viewerMember, ...chat.members.edges.map(({ node }) => node)]
  const local: ClientChat = {
    headSeq,
    lastActivityAt,
    title,
    messageTtlSeconds,
    data,
    memberCount,
    isPresent: viewerMember.leftAt === null,
    members: new Map(members.map(({ user, role }) => [user.id, role])),
    watermarks: new Map(known?.watermarks),
    messages: new Map(chat.messages.edges.map(({ node }) => [node.id, node])),
  }
  for (const { user, ...marks } of members) advance(local, user.id, marks)
  return local
}

/** Applies a receipt. If only one member is left, a receipt of a former member raises the status of messages. */
export function applyReceipt(local: ClientChat, userId: string, marks: Marks): void {
  const { members, messages } = local
  advance(local, userId, marks)
  if (members.size > 1 || members.has(userId)) return
  for (const [id, message] of messages) messages.set(id, { ...message, status: raised(message, marks) })
}

function raised({ seq, kind, status }: MessageData, { deliveredSeq, readSeq }: Marks): MessageData['status'] {
  if (kind === 'SYSTEM') return status
  if (seq <= readSeq) return 'READ'
  return seq <= deliveredSeq && status === 'SENT' ? 'DELIVERED' : status
}

/** Watermarks never decrease. */
function advance({ watermarks }: ClientChat, userId: string, { deliveredSeq, readSeq }: Marks): void {
  const before = watermarks.get(userId) ?? { deliveredSeq: 0, readSeq: 0 }
  watermarks.set(userId, {
    deliveredSeq: Math.max(before.deliveredSeq, deliveredSeq),
    readSeq: Math.max(before.readSeq, readSeq),
  })
}

/** Applies the next event of the log, as PROTOCOL.md describes. */
export function apply(local: ClientChat, item: StreamItem, viewerId: string): void {
  local.headSeq = item.seq ?? 0
  local.lastActivityAt = String(item['at'])
  const { message } = item
  if (message !== undefined) {
    const status = item.__typename === 'MessageSent' ? message.status : local.messages.get(message.id)?.status
    // A member who joined later receives changes of messages from before, which the client does not have.
    if (status !== undefined) local.messages.set(message.id, { ...message, status })
  }
  const { id: userId } = (item['user'] ?? { id: '' }) as { id: string }
  switch (item.__typename) {
    case 'ChatUpdated':
      return void Object.assign(local, settingsIn(item))
    case 'MemberAdded':
      local.members.set(userId, 'MEMBER')
      local.memberCount += 1
      return advance(local, userId, { deliveredSeq: local.headSeq - 1, readSeq: local.headSeq - 1 })
    case 'MemberRoleChanged':
      return void local.members.set(userId, item['role'] as Role)
    case 'MemberRemoved':
      local.memberCount -= 1
      return userId === viewerId ? leave(local, viewerId) : void local.members.delete(userId)
    default:
  }
}

/** The settings that the client selects together with the event. */
function settingsIn(item: StreamItem): Pick<ClientChat, 'title' | 'messageTtlSeconds' | 'data'> {
  const { title, messageTtlSeconds, data } = item.chat as unknown as ChatData
  return { title, messageTtlSeconds, data }
}

function leave(local: ClientChat, viewerId: string): void {
  local.isPresent = false
  local.data = null
  local.members = new Map([...local.members].filter(([id]) => id === viewerId))
}

/** Moves expiry times into the past, as if this time had passed. */
export function shiftTime(local: ClientChat, ms: number): void {
  for (const [id, message] of local.messages) {
    if (message.expiresAt === null) continue
    const expiresAt = new Date(Date.parse(message.expiresAt) - ms).toISOString()
    local.messages.set(id, { ...message, expiresAt })
  }
}

/** Returns what the client shows now. */
export function clientState(id: string, local: ClientChat, viewerId: string, now: number): ChatState {
  const messages = [...local.messages.values()]
    .toSorted((a, b) => a.seq - b.seq)
    .map((message) =>
      isExpired(message, now)
        ? { ...message, body: null, type: null, data: null, attachments: [], reactions: [] }
        : message,
    )
  const readSeq = local.watermarks.get(viewerId)?.readSeq ?? 0
  const isUnread = (message: MessageData): boolean =>
    message.seq > readSeq &&
    message.sender.id !== viewerId &&
    message.kind !== 'SYSTEM' &&
    message.deletedAt === null &&
    !isExpired(message, now)
  const { headSeq, lastActivityAt, title, messageTtlSeconds, data, memberCount, members, isPresent } = local
  const present: PresentState = {
    unreadCount: messages.filter(isUnread).length,
    messages: messages.map((message) => ({ ...message, status: statusOf(message, local) })),
  }
  const common = { id, headSeq, lastActivityAt, title, messageTtlSeconds, data, memberCount }
  return {
    ...common,
    members: Object.fromEntries(members),
    watermarks: watermarksOf(local),
    lastMessageId: messages.at(-1)?.id,
    messageIds: messages.map((message) => message.id),
    present: isPresent ? present : undefined,
  }
}

/** Returns a queried chat in the same shape. */
export function queriedState(chat: ChatData): ChatState {
  const { id, headSeq, lastActivityAt, title, messageTtlSeconds, data, memberCount, unreadCount } = chat
  const messages = chat.messages.edges.map(({ node }) => node)
  const local = fromQuery(chat)
  const present = { unreadCount, messages }
  return {
    id,
    headSeq,
    lastActivityAt,
    title,
    messageTtlSeconds,
    data,
    memberCount,
    members: Object.fromEntries(local.members),
    watermarks: watermarksOf(local),
    lastMessageId: chat.lastMessage?.id,
    messageIds: messages.map((message) => message.id),
    present: local.isPresent ? present : undefined,
  }
}

/** Derives the status from the watermarks of all present members except the sender, as PROTOCOL.md describes. */
function statusOf(
  { seq, kind, sender, status }: MessageData,
  { members, watermarks }: ClientChat,
): MessageData['status'] {
  if (kind === 'SYSTEM') return status
  const others = [...members.keys()].filter((id) => id !== sender.id)
  if (others.length === 0) return status
  const all = (mark: keyof Marks): boolean => others.every((id) => (watermarks.get(id)?.[mark] ?? 0) >= seq)
  if (all('readSeq')) return 'READ'
  return all('deliveredSeq') ? 'DELIVERED' : 'SENT'
}

/** Leaves out members who have received nothing yet: clients may or may not know of them. */
function watermarksOf({ members, watermarks }: ClientChat): Readonly<Record<string, Marks>> {
  const entries = [...watermarks].filter(([id, { deliveredSeq }]) => members.has(id) && deliveredSeq > 0)
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function isExpired({ expiresAt }: MessageData, now: number): boolean {
  return expiresAt !== null && Date.parse(expiresAt) <= now
}
