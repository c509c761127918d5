// GraphQL documents of the tests, and the types of their results.
export type MessageData = Readonly<{
  id: string
  seq: number
  kind: 'USER' | 'SYSTEM'
  body: string | null
  type: string | null
  data: unknown
  clientMessageId: string
  status: 'SENT' | 'DELIVERED' | 'READ'
  editedAt: string | null
  deletedAt: string | null
  expiresAt: string | null
  sender: { id: string }
  replyTo: { id: string } | null
  reactions: readonly { emoji: string; users: readonly { id: string }[] }[]
  attachments: readonly { id: string; kind: string; fileName: string }[]
}>

export type MemberData = Readonly<{
  user: { id: string }
  role: 'OWNER' | 'ADMIN' | 'MEMBER'
  leftAt: string | null
  deliveredSeq: number
  readSeq: number
}>

export type ChatData = Readonly<{
  id: string
  kind: 'DIRECT' | 'GROUP'
  title: string | null
  memberCount: number
  messageTtlSeconds: number | null
  data: unknown
  headSeq: number
  unreadCount: number
  lastActivityAt: string
  lastMessage: MessageData | null
  viewerMember: MemberData
  members: { edges: readonly { node: MemberData }[] }
  messages: { edges: readonly { cursor: string; node: MessageData }[] }
}>

export type StartDirectChatData = Readonly<{ startDirectChat: { chat: { id: string } } }>
export type CreateGroupData = Readonly<{ createGroup: { chat: ChatData } }>
export type UpdateChatData = Readonly<{ updateChat: { chat: ChatData } }>
export type AddMembersData = Readonly<{ addMembers: { chat: ChatData } }>
export type SendMessageData = Readonly<{ sendMessage: { message: MessageData; deduplicated: boolean } }>
export type MarkReadData = Readonly<{ markRead: { chat: ChatData } }>

const MESSAGE = `
  fragment MessageFields on Message {
    id seq kind body type data clientMessageId status editedAt deletedAt expiresAt
    sender { id } replyTo { id } reactions { emoji users { id } }
    attachments { id kind fileName }
  }`

const CHAT_FIELDS = `
  fragment ChatFields on Chat {
    id kind title memberCount messageTtlSeconds data headSeq unreadCount lastActivityAt
    lastMessage { ...MessageFields }
    viewerMember { ...MemberFields }
    members(first: 100) { edges { node { ...MemberFields } } }
    messages(last: 90) { edges { cursor node { ...MessageFields } } }
  }
  fragment MemberFields on ChatMember { user { id } role leftAt deliveredSeq readSeq }
  ${MESSAGE}`

const EVENT_FIELDS = `
  __typename
  ... on ChatEvent { chat { id } seq at actor { id } }
  ... on MessageSent { message { ...MessageFields } }
  ... on MessageEdited { message { ...MessageFields } }
  ... on MessageDeleted { message { ...MessageFields } }
  ... on ReactionChanged { message { ...MessageFields } emoji added }
  ... on ChatUpdated { chat { title messageTtlSeconds data } }
  ... on MemberAdded { user { id } }
  ... on MemberRemoved { user { id } }
  ... on MemberRoleChanged { user { id } role }
  ... on ReceiptAdvanced { chat { id } user { id } deliveredSeq readSeq at }
  ... on TypingChanged { chat { id } user { id } typing }
  ... on InboxReset { reason }`

export const START_DIRECT_CHAT = `
  mutation ($userId: ID!) { startDirectChat(input: { userId: $userId }) { chat { id } } }`

export const CREATE_GROUP = `
  mutation ($input: CreateGroupInput!) { createGroup(input: $input) { chat { ...ChatFields } } }
  ${CHAT_FIELDS}`

export const UPDATE_CHAT = `
  mutation ($input: UpdateChatInput!) { updateChat(input: $input) { chat { ...ChatFields } } }
  ${CHAT_FIELDS}`

export const ADD_MEMBERS = `
  mutation ($input: AddMembersInput!) { addMembers(input: $input) { chat { ...ChatFields } } }
  ${CHAT_FIELDS}`

export const REMOVE_MEMBER = `
  mutation ($input: RemoveMemberInput!) { removeMember(input: $input) { chat { ...ChatFields } } }
  ${CHAT_FIELDS}`

export const SET_MEMBER_ROLE = `
  mutation ($input: SetMemberRoleInput!) {
    setMemberRole(input: $input) { member { user { id } role leftAt deliveredSeq readSeq } }
  }`

export const SEND_MESSAGE = `
  mutation ($input: SendMessageInput!) { sendMessage(input: $input) { deduplicated message { ...MessageFields } } }
  ${MESSAGE}`

export const EDIT_MESSAGE = `
  mutation ($input: EditMessageInput!) { editMessage(input: $input) { message { ...MessageFields } } }
  ${MESSAGE}`

export const DELETE_MESSAGE = `
  mutation ($input: DeleteMessageInput!) { deleteMessage(input: $input) { message { ...MessageFields } } }
  ${MESSAGE}`

export const SET_REACTION = `
  mutation ($input: SetReactionInput!) { setReaction(input: $input) { message { ...MessageFields } } }
  ${MESSAGE}`

export const SET_TYPING = `
  mutation ($input: SetTypingInput!) { setTyping(input: $input) { chat { id } } }`

export const MARK_DELIVERED = `
  mutation ($input: MarkDeliveredInput!) {
    markDelivered(input: $input) { members { user { id } deliveredSeq readSeq } }
  }`

export const MARK_READ = `
  mutation ($input: MarkReadInput!) { markRead(input: $input) { chat { ...ChatFields } } }
  ${CHAT_FIELDS}`

export const CHAT = `query ($id: ID!) { chat(id: $id) { ...ChatFields } } ${CHAT_FIELDS}`

export const CHATS = `
  query { chats(first: 38) { edges { node { ...ChatFields } } } } ${CHAT_FIELDS}`

export const INBOX = `
  subscription ($deviceId: String) { inbox(deviceId: $deviceId) { ${EVENT_FIELDS} } } ${MESSAGE}`

export const CHAT_EVENTS = `
  subscription ($chatId: ID!, $afterSeq: Int) {
    chatEvents(chatId: $chatId, afterSeq: $afterSeq) { ${EVENT_FIELDS} }
  }
  ${MESSAGE}`
