import type { ChatData, MemberData, MessageData } from './documents.ts'
import type { StreamItem } from './person.ts'

type Marks = Readonly<{ deliveredSeq: number; readSeq: number }>
type Role = MemberData['role']
type ClientMessage = Omit<MessageData, 'status'>

/** One chat as a client keeps it: what it queried once, and what events made of that since. */
export type ClientChat = {
  headSeq: number
  lastActivityAt: string
  title: string | null
  messageTtlSeconds: number | null
  /** False once somebody was removed: what the chat was then is kept. */
  isPresent: boolean
  memberCount: number
  /** The present members; to who has left, themself. */
  members: Map<string, Role>
  /** Of whomever a receipt told, members or not: a receipt may overtake what makes somebody a member. */
  watermarks: Map<string, Marks>
  messages: Map<string, ClientMessage>
}

/** What of a chat is compared: all of it in one shape, whether it was held or queried. */
export type ChatState = Readonly<{
  id: string
  headSeq: number
  lastActivityAt: string
  title: string | null
  messageTtlSeconds: number | null
  memberCount: number
  members: Readonly<Record<string, Role>>
  watermarks: Readonly<Record<string, Marks>>
  lastMessageId: string | undefined
  messageIds: readonly string[]
  /** What may change without an event, once somebody is removed: undefined then. */
  present: PresentState | undefined
}>

type PresentState = Readonly<{
  unreadCount: number
  messages: readonly PresentMessage[]
}>

type PresentMessage = ClientMessage & Readonly<{ status: MessageData['status'] | undefined }>

/** A chat of which nothing is known but that it exists. */
export function emptyChat(): ClientChat {
  const nothing = { headSeq: 0, lastActivityAt: '', title: null, messageTtlSeconds: null }
  const nobody = { isPresent: true, memberCount: 0, members: new Map(), watermarks: new Map() }
  return { ...nothing, ...nobody, messages: new Map() }
}

/** The chat as a query answered. What is known of watermarks already may be newer, and they only ever grow. */
export function fromQuery(chat: ChatData, known?: ClientChat): ClientChat {
  const { headSeq, lastActivityAt, title, messageTtlSeconds, memberCount, viewerMember } = chat
  // A query is not of one moment: the list of members may lack the viewer already, who is told of that by an event.
  const members = [viewerMember, ...chat.members.edges.map(({ node }) => node)]
  const held: ClientChat = {
    headSeq,
    lastActivityAt,
    title,
    messageTtlSeconds,
    memberCount,
    isPresent: viewerMember.leftAt === null,
    members: new Map(members.map(({ user, role }) => [user.id, role])),
    watermarks: new Map(known?.watermarks),
    messages: new Map(chat.messages.edges.map(({ node }) => [node.id, withoutStatus(node)])),
  }
  for (const { user, ...marks } of members) advance(held, user.id, marks)
  return held
}

/** Watermarks only ever grow. */
export function advance({ watermarks }: ClientChat, userId: string, { deliveredSeq, readSeq }: Marks): void {
  const before = watermarks.get(userId) ?? { deliveredSeq: 0, readSeq: 0 }
  watermarks.set(userId, {
    deliveredSeq: Math.max(before.deliveredSeq, deliveredSeq),
    readSeq: Math.max(before.readSeq, readSeq),
  })
}

/** Applies the next event of the log, as PROTOCOL.md says; `viewerId` is whose client this is. */
export function apply(held: ClientChat, item: StreamItem, viewerId: string): void {
  held.headSeq = item.seq ?? 0
  held.lastActivityAt = String(item['at'])
  const { message } = item
  // Who came later hears of changes to messages that they never saw, and has nothing to put them in the place of.
  if (message !== undefined && (item.__typename === 'MessageSent' || held.messages.has(message.id))) {
    held.messages.set(message.id, withoutStatus(message))
  }
  const { id: userId } = (item['user'] ?? { id: '' }) as { id: string }
  switch (item.__typename) {
    case 'ChatUpdated':
      return void Object.assign(held, settingsIn(item))
    case 'MemberAdded':
      held.members.set(userId, 'MEMBER')
      held.memberCount += 1
      return advance(held, userId, { deliveredSeq: held.headSeq - 1, readSeq: held.headSeq - 1 })
    case 'MemberRoleChanged':
      return void held.members.set(userId, item['role'] as Role)
    case 'MemberRemoved':
      held.memberCount -= 1
      return userId === viewerId ? leave(held, viewerId) : void held.members.delete(userId)
    default:
  }
}

/** As a client asks for them together with the event. */
function settingsIn(item: StreamItem): Pick<ClientChat, 'title' | 'messageTtlSeconds'> {
  const { title, messageTtlSeconds } = item.chat as unknown as ChatData
  return { title, messageTtlSeconds }
}

function leave(held: ClientChat, viewerId: string): void {
  held.isPresent = false
  held.members = new Map([...held.members].filter(([id]) => id === viewerId))
}

/** Moves what was promised for later into the past, as if so much time went by. */
export function shiftTime(held: ClientChat, ms: number): void {
  for (const [id, message] of held.messages) {
    if (message.expiresAt === null) continue
    const expiresAt = new Date(Date.parse(message.expiresAt) - ms).toISOString()
    held.messages.set(id, { ...message, expiresAt })
  }
}

/** What the client shows of it now. */
export function clientState(id: string, held: ClientChat, viewerId: string, now: number): ChatState {
  const messages = [...held.messages.values()]
    .toSorted((a, b) => a.seq - b.seq)
    .map((message) => (isExpired(message, now) ? { ...message, body: null, reactions: [] } : message))
  const readSeq = held.watermarks.get(viewerId)?.readSeq ?? 0
  const isUnread = (message: ClientMessage): boolean =>
    message.seq > readSeq &&
    message.sender.id !== viewerId &&
    message.deletedAt === null &&
    !isExpired(message, now)
  const { headSeq, lastActivityAt, title, messageTtlSeconds, memberCount, members, isPresent } = held
  const present: PresentState = {
    unreadCount: messages.filter(isUnread).length,
    messages: messages.map((message) =>
      withKnownStatus({ ...message, status: statusOf(message, held) }, held),
    ),
  }
  const common = { id, headSeq, lastActivityAt, title, messageTtlSeconds, memberCount }
  return {
    ...common,
    members: Object.fromEntries(members),
    watermarks: watermarksOf(held),
    lastMessageId: messages.at(-1)?.id,
    messageIds: messages.map((message) => message.id),
    present: isPresent ? present : undefined,
  }
}

/** What a query answered, in the same shape. */
export function queriedState(chat: ChatData): ChatState {
  const { id, headSeq, lastActivityAt, title, messageTtlSeconds, memberCount, unreadCount } = chat
  const messages = chat.messages.edges.map(({ node }) => node)
  const held = fromQuery(chat)
  const present = { unreadCount, messages: messages.map((message) => withKnownStatus(message, held)) }
  return {
    id,
    headSeq,
    lastActivityAt,
    title,
    messageTtlSeconds,
    memberCount,
    members: Object.fromEntries(held.members),
    watermarks: watermarksOf(held),
    lastMessageId: chat.lastMessage?.id,
    messageIds: messages.map((message) => message.id),
    present: held.isPresent ? present : undefined,
  }
}

/** As PROTOCOL.md says: by the watermarks of every present member but the sender. */
function statusOf(
  { seq, sender }: ClientMessage,
  { members, watermarks }: ClientChat,
): MessageData['status'] {
  const others = [...members.keys()].filter((id) => id !== sender.id)
  const all = (mark: keyof Marks): boolean => others.every((id) => (watermarks.get(id)?.[mark] ?? 0) >= seq)
  if (all('readSeq')) return 'READ'
  return all('deliveredSeq') ? 'DELIVERED' : 'SENT'
}

/** A client can't derive it where nobody but the sender is left: that is to be queried. */
function withKnownStatus(message: MessageData, { members }: ClientChat): PresentMessage {
  const isKnown = [...members.keys()].some((id) => id !== message.sender.id)
  return isKnown ? message : { ...message, status: undefined }
}

/** Somebody who has received nothing yet may be known or not: it makes no difference. */
function watermarksOf({ members, watermarks }: ClientChat): Readonly<Record<string, Marks>> {
  const entries = [...watermarks].filter(([id, { deliveredSeq }]) => members.has(id) && deliveredSeq > 0)
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function isExpired({ expiresAt }: ClientMessage, now: number): boolean {
  return expiresAt !== null && Date.parse(expiresAt) <= now
}

function withoutStatus({ status: _, ...message }: MessageData): ClientMessage {
  return message
}
