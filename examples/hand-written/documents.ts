// The operations of the examples, and the types of their results.

export type Message = { id: string; body: string | null; sender: { name: string } }
export type Chat = { id: string; headSeq: number; messages: { edges: { node: Message }[] } }
export type PageInfo = { hasNextPage: boolean; endCursor: string | null }
export type ChatsData = { chats: { edges: { node: Chat }[]; pageInfo: PageInfo } }
export type ChatData = { chat: Chat | null }

export type LogEvent = {
  __typename: 'MessageSent' | 'MessageEdited' | 'MessageDeleted' | 'ReactionChanged'
  seq: number
  chat: { id: string }
  message: Message
}
export type InboxEvent = LogEvent | { __typename: 'CaughtUp' | 'InboxReset' | 'ReceiptAdvanced' }
export type InboxData = { inbox: InboxEvent }

export type Position = { chatId: string; seq: number }

/** The same fields in queries and events, so that a cache has all fields of a new message. */
const MESSAGE_FIELDS = `
  fragment MessageFields on Message {
    id seq clientMessageId body sentAt editedAt deletedAt
    sender { id name } reactions { emoji users { id } }
  }`

/** The watermarks from which an app derives SENT, DELIVERED and READ. */
const MEMBER_FIELDS = `
  fragment MemberFields on Chat {
    id members(first: 100) { edges { node { id user { id } deliveredSeq readSeq } } }
  }`

/** A chat with its newest messages. */
const CHAT_FIELDS = `
  fragment ChatFields on Chat {
    id headSeq ...MemberFields
    messages(last: 30) { edges { node { ...MessageFields } } pageInfo { hasPreviousPage startCursor } }
  }
  ${MESSAGE_FIELDS} ${MEMBER_FIELDS}`

/** One page of the chats. A page has at most 100. */
export const CHATS = `
  query Chats($after: String) {
    chats(first: 100, after: $after) { edges { node { ...ChatFields } } pageInfo { hasNextPage endCursor } }
  }
  ${CHAT_FIELDS}`

export const CHAT = `
  query Chat($id: ID!) {
    chat(id: $id) { ...ChatFields }
  }
  ${CHAT_FIELDS}`

/** The previous page: `before` is the startCursor of the first page. */
export const OLDER = `
  query Older($chatId: ID!, $before: String!) {
    chat(id: $chatId) {
      id
      messages(last: 30, before: $before) {
        edges { node { ...MessageFields } } pageInfo { hasPreviousPage startCursor }
      }
    }
  }
  ${MESSAGE_FIELDS}`

export const INBOX = `
  subscription Inbox($deviceId: String!) {
    inbox(deviceId: $deviceId) {
      __typename
      ... on ChatEvent { seq chat { id } }
      ... on MessageSent { message { ...MessageFields } }
      ... on MessageEdited { message { ...MessageFields } }
      ... on MessageDeleted { message { ...MessageFields } }
      ... on ReactionChanged { message { ...MessageFields } }
      ... on ReceiptAdvanced { chat { ...MemberFields } }
    }
  }
  ${MESSAGE_FIELDS} ${MEMBER_FIELDS}`

export const MARK_DELIVERED = `
  mutation MarkDelivered($deviceId: String!, $positions: [ChatPosition!]!) {
    markDelivered(input: { deviceId: $deviceId, positions: $positions }) { members { deliveredSeq } }
  }`

/** Create `clientMessageId` when the user presses send, and keep it for every attempt. */
export const SEND = `
  mutation Send($chatId: ID!, $clientMessageId: String!, $body: String!) {
    sendMessage(input: { chatId: $chatId, clientMessageId: $clientMessageId, body: $body }) {
      deduplicated
      message { ...MessageFields }
    }
  }
  ${MESSAGE_FIELDS}`
