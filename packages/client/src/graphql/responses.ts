import type { Attachment, ChatKind, MemberRole, MessageKind, User } from '../api.ts'

/** The responses to the documents, as JSON. Times are RFC 3339 texts in UTC. */
export type MessageData = Readonly<{
  id: string
  seq: number
  kind: MessageKind
  clientMessageId: string
  sender: User
  body: string | null
  attachments: readonly Attachment[]
  replyTo: Readonly<{
    id: string
    body: string | null
    sender: User
    expiresAt: string | null
  }> | null
  reactions: readonly Readonly<{ emoji: string; users: readonly User[] }>[]
  sentAt: string
  editedAt: string | null
  deletedAt: string | null
  expiresAt: string | null
  status: string
}>

export type MemberData = Readonly<{
  user: User
  role: MemberRole
  joinedAt: string
  leftAt: string | null
  deliveredSeq: number
  readSeq: number
}>

/** Whether a chat causes push messages for the viewer. After `expiresAt` it does. */
export type NotificationsData = Readonly<{ level: 'ALL' | 'NONE'; expiresAt: string | null }>

export type SummaryData = Readonly<{
  id: string
  kind: ChatKind
  title: string | null
  headSeq: number
  createdAt: string
  lastActivityAt: string
  messageTtlSeconds: number | null
  memberCount: number
  unreadCount: number
  notifications: NotificationsData
  viewerMember: MemberData
  lastMessage: MessageData | null
  members: Edges<MemberData>
}>

export type Edges<Node> = Readonly<{ edges: readonly Readonly<{ node: Node }>[] }>
export type NextPage = Readonly<{ pageInfo: Readonly<{ hasNextPage: boolean; endCursor: string | null }> }>
export type PreviousPage = Readonly<{
  pageInfo: Readonly<{ hasPreviousPage: boolean; startCursor: string | null }>
}>

export type MessagePage = Edges<MessageData> & PreviousPage
export type ChatData = SummaryData & Readonly<{ messages: MessagePage }>

/** A durable change of a chat. `__typename` may be one that this client does not know. */
export type EventData = Readonly<{
  __typename: string
  seq: number
  at: string
  actor: User
  chat: Readonly<{ id: string; title?: string | null; messageTtlSeconds?: number | null }>
  message?: MessageData
  user?: User
  role?: MemberRole
}>

export type ReceiptData = Readonly<{
  __typename: 'ReceiptAdvanced'
  chat: Readonly<{ id: string }>
  user: Readonly<{ id: string }>
  deliveredSeq: number
  readSeq: number
}>

export type TypingData = Readonly<{
  __typename: 'TypingChanged'
  chat: Readonly<{ id: string }>
  user: User
  typing: boolean
}>

/** An item of the inbox. The client ignores an unknown type, unless it has a `seq`: then it is an event. */
export type InboxData =
  | EventData
  | ReceiptData
  | TypingData
  | Readonly<{ __typename: 'CaughtUp'; at: string }>
  | Readonly<{ __typename: 'InboxReset'; reason: string }>

/** Whether an item of the inbox is an event of a chat log, of whatever type. */
export function isEvent(item: InboxData): item is EventData {
  return 'seq' in item && typeof item.seq === 'number'
}
